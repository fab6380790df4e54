package dev.orchestrator.backup;

import dev.orchestrator.common.HumanText;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a stack's backups stand, as status and doctor tell it. JSON: component names are a contract.
 *
 * @param running since when a backup is under way; after a restart of the service: since when one
 *     was, which was cut off
 * @param done the last backup that was made; null when there is none
 * @param failed the last failure; null when there was none
 */
public record BackupHealth(
    @Nullable Instant running, @Nullable Done done, @Nullable Failed failed) {

  /** Before the first backup. */
  public static final BackupHealth NONE = new BackupHealth(null, null, null);

  /**
   * A backup that was made.
   *
   * @param time of its end
   * @param bytes of all files
   * @param added bytes that the repository did not have
   * @param note what did not work afterwards, such as the removal of older ones; or empty
   */
  public record Done(
      Instant time, String id, String snapshot, long bytes, long added, long millis, String note) {}

  /** A backup that was not made, and why. */
  public record Failed(Instant time, BackupException.Kind kind, String text) {}

  /** What a person must know first. */
  public enum State {
    GOOD,
    /** No backup was ever made. */
    MISSING,
    /** The schedule's time has passed without a backup. */
    OVERDUE,
    /** The last one failed. */
    FAILED;

    /** Whether a command that was asked about the stack exits with a failure. */
    public boolean bad() {
      return this != GOOD;
    }
  }

  BackupHealth begun(Instant now) {
    return new BackupHealth(now, done, failed);
  }

  BackupHealth done(Done backup) {
    return new BackupHealth(null, backup, failed);
  }

  BackupHealth failed(Failed failure) {
    return new BackupHealth(null, done, failure);
  }

  /** Whether the last backup that ended was a failure. */
  public boolean failing() {
    return failed != null && (done == null || failed.time().isAfter(done.time()));
  }

  /**
   * The state.
   *
   * @param due by when the next backup had to be made; null without a schedule
   */
  public State state(Instant now, @Nullable Instant due) {
    if (failing()) {
      return State.FAILED;
    }
    if (due != null && now.isAfter(due)) {
      return State.OVERDUE;
    }
    return done == null ? State.MISSING : State.GOOD;
  }

  /** One line for a person. */
  public String text(Instant now, @Nullable Instant due) {
    String last =
        done == null
            ? "no backup yet"
            : "last backup %s ago: %s, %s, %s of them new%s"
                .formatted(
                    HumanText.time(done.time(), now),
                    done.snapshot(),
                    HumanText.bytes(done.bytes()),
                    HumanText.bytes(done.added()),
                    done.note().isEmpty() ? "" : "; " + done.note());
    return switch (state(now, due)) {
      case GOOD, MISSING -> last;
      case OVERDUE ->
          "a backup was due at " + HumanText.when(Objects.requireNonNull(due)) + "; " + last;
      case FAILED ->
          failed == null
              ? last
              : "the backup %s ago failed: %s; %s"
                  .formatted(HumanText.time(failed.time(), now), failed.text(), last);
    };
  }
}
