package dev.orchestrator.journal;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One run of the saga, as the journal has it.
 *
 * @param id such as {@code u7}
 * @param from number of the generation that served before, or null for the first {@code up}
 * @param to number of the candidate's generation; null until it has one
 * @param reason why it failed or was rolled back; empty when it didn't
 * @param ended null while it runs
 */
public record UpgradeRecord(
    String id,
    Kind kind,
    String fromVersion,
    String toVersion,
    @Nullable Integer from,
    @Nullable Integer to,
    Outcome outcome,
    String reason,
    Instant started,
    @Nullable Instant ended) {

  /** What was asked for. */
  public enum Kind {
    UP,
    UPGRADE,
    ROLLBACK
  }

  /** How it ended. */
  public enum Outcome {
    RUNNING,
    DONE,
    /** It could not begin: nothing was changed. */
    REFUSED,
    /** It failed and was undone: what served before serves on. */
    ROLLED_BACK,
    /** An undo failed too: a person must look. */
    NEEDS_ATTENTION
  }
}
