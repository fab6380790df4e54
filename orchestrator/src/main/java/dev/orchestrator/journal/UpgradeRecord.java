package dev.orchestrator.journal;

import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A run of the saga: an up, an upgrade or a rollback.
 *
 * @param id such as {@code u7}
 * @param from number of the generation that served before; null for the first {@code up}
 * @param to number of the generation that it would switch to; null until it has one
 * @param reason why it failed or was rolled back; empty when neither happened
 * @param ended null while it is under way
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

  /** Its outcome in a word or two: that of an up, before which nothing served, is "failed". */
  public String outcomeText() {
    return outcome == Outcome.ROLLED_BACK && kind == Kind.UP
        ? "failed"
        : outcome.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** Which command began it. */
  public enum Kind {
    UP,
    UPGRADE,
    ROLLBACK
  }

  /** How it ended. */
  public enum Outcome {
    RUNNING,
    DONE,
    /** It was refused by its first step: nothing was changed. */
    REFUSED,
    /** It failed and was undone: what served before serves on. Of an up: nothing serves. */
    ROLLED_BACK,
    /** It failed, and undoing it failed too: a person must look. */
    NEEDS_ATTENTION
  }
}
