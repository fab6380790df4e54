package dev.orchestrator.journal;

import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A run of the saga: an up, an upgrade, a move to another host, a rollback, an adoption, a
 * snapshot, or the restore or proof of one.
 *
 * @param id such as {@code u7}
 * @param from number of the generation that served before; null where none did, as for the first
 *     {@code up} and for an adoption
 * @param to number of the generation that it would switch to, or that is the data of the snapshot
 *     that it makes; {@link #ORIGINAL} for a rollback that undoes an adoption; null until it has
 *     one
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

  /** The number that stands for the compose project that was adopted: no generation has it. */
  public static final int ORIGINAL = 0;

  /** Whether it is a rollback that undoes an adoption. */
  public boolean returnsToOriginal() {
    return to != null && to == ORIGINAL;
  }

  /** Whether a compose project of the host served before it, or is to serve after it. */
  public boolean concernsOriginal() {
    return kind == Kind.ADOPT || returnsToOriginal();
  }

  /** What it does, in a word or two: a rollback that undoes an adoption is "undo adoption". */
  public String kindText() {
    return returnsToOriginal() ? "undo adoption" : kind.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Its outcome in a word or two: that of an up, before which nothing served, of a proof and of a
   * rehearsal is "failed".
   */
  public String outcomeText() {
    boolean leftNothing = kind == Kind.UP || kind == Kind.PROVE || kind == Kind.REHEARSE;
    return outcome == Outcome.ROLLED_BACK && leftNothing
        ? "failed"
        : outcome.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** Which command began it. */
  public enum Kind {
    UP,
    UPGRADE,
    ROLLBACK,
    /** The version that serves went to another host, with its data. */
    MOVE,
    /** A compose project of the host became this stack. */
    ADOPT,
    /** A snapshot of the data of what serves was made; what serves stayed the same. */
    SNAPSHOT,
    /** The version of a snapshot became what serves, on a copy of the snapshot's data. */
    RESTORE,
    /**
     * A snapshot was started out of reach, checked and thrown away; what served stayed the same.
     */
    PROVE,
    /**
     * A version was started out of reach on a copy of the data, checked and thrown away; what
     * served stayed the same.
     */
    REHEARSE
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
