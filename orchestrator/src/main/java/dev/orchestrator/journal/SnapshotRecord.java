package dev.orchestrator.journal;

import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot: the data volumes of a generation as of one moment, under a name.
 *
 * @param generation the number of the generation whose volumes it is
 * @param created the moment that its data is of
 * @param bytes size of its data; {@link #UNKNOWN} where it was not measured
 * @param shared how many of these bytes were, when it was made, in blocks or volumes that others
 *     have too
 * @param pauseMillis how long clients waited for it at most
 * @param proven when it was last started and found healthy; null for never
 * @param settings the text of stack.conf at that time
 * @param lastProof the last proof, whatever it has found; null for none
 * @param tables JSON of the tables of its databases with their rows; null where they are not known
 */
public record SnapshotRecord(
    String name,
    int generation,
    Reason reason,
    Instant created,
    long bytes,
    long shared,
    long pauseMillis,
    @Nullable Instant proven,
    String settings,
    @Nullable Proof lastProof,
    @Nullable String tables) {
  /** A size that is not known. */
  public static final long UNKNOWN = -1;

  /** A snapshot that was never proven. */
  public SnapshotRecord(
      String name,
      int generation,
      Reason reason,
      Instant created,
      long bytes,
      long shared,
      long pauseMillis,
      String settings) {
    this(name, generation, reason, created, bytes, shared, pauseMillis, null, settings, null, null);
  }

  /**
   * What a proof of a snapshot has found.
   *
   * @param run id of the run that has proven it
   * @param good whether it started and was found healthy
   * @param text what was checked, or what is wrong with it
   */
  public record Proof(String run, Instant at, boolean good, String text) {}

  /** Why a snapshot was made. */
  public enum Reason {
    /** A person or a script asked for it. */
    MANUAL,
    SCHEDULE,
    /** It is the data that an upgrade has begun with. */
    BEFORE_UPGRADE,
    /** It is the data that served when another snapshot was restored. */
    BEFORE_RESTORE,
    /** It is the data of a version that was rolled back. */
    SET_ASIDE,
    /** A backup is made or proven of it, and then it is deleted. */
    FOR_BACKUP,
    /** A backup was restored into it. */
    FROM_BACKUP,
    /** A command exports it, which deletes it at its end. */
    FOR_EXPORT;

    /** The reason in words, such as {@code before upgrade}. */
    public String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }
}
