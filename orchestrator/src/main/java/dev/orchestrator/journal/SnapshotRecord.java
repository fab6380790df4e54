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
    String settings) {
  /** A size that is not known. */
  public static final long UNKNOWN = -1;

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
    SET_ASIDE;

    /** The reason in words, such as {@code before upgrade}. */
    public String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }
}
