package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.JournalException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns failures into one line for a person. Thread-safe. */
public final class FailureText {
  private static final Logger log = LoggerFactory.getLogger(FailureText.class);

  /** Exceptions whose message says all that a person needs. */
  private static final List<Class<? extends RuntimeException>> SELF_EXPLANATORY =
      List.of(
          RefusedException.class,
          EngineException.class,
          CapsuleException.class,
          DataException.class,
          HealthException.class,
          JournalException.class,
          HoldBudgetExceededException.class,
          RunControl.AbortedException.class);

  private FailureText() {}

  /**
   * The failure's message in one line; an unforeseen failure also goes to the log with its stack.
   */
  public static String of(Throwable e) {
    if (SELF_EXPLANATORY.stream().noneMatch(type -> type.isInstance(e))) {
      log.error("unforeseen", e);
      return "unforeseen: " + e;
    }
    return String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " | ");
  }
}
