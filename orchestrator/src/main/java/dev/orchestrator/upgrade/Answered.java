package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import java.util.function.Supplier;

/** Questions to an engine or a capsule that may not answer: its message is all there is to say. */
public final class Answered {
  private Answered() {}

  public static <T> T by(Supplier<T> question) {
    try {
      return question.get();
    } catch (EngineException | CapsuleException | DataException e) {
      throw new RefusedException(FailureText.of(e), e);
    }
  }

  public static void by(Runnable question) {
    boolean _ =
        by(() -> {
          question.run();
          return true;
        });
  }
}
