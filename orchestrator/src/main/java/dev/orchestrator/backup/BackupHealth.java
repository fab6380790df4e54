package dev.orchestrator.backup;

import dev.orchestrator.common.HumanText;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a stack's backups stand, as its state folder has it. JSON: component names are a contract.
 *
 * @param running since when a backup is under way; after a restart of the service: since when one
 *     was, which was cut off
 * @param done the last backup that was made; null when there is none
 * @param failed the last failure; null when there was none
 * @param proof the last try to bring a backup up; null when there was none
 */
public record BackupHealth(
    @Nullable Instant running,
    @Nullable Done done,
    @Nullable Failed failed,
    @Nullable Proof proof) {

  /** Before the first backup. */
  public static final BackupHealth NONE = new BackupHealth(null, null, null, null);

  /**
   * A backup that was made.
   *
   * @param time of its end
   * @param asOf the moment that the data is of
   * @param bytes of all files
   * @param added bytes that the repository did not have
   * @param note what did not work afterwards, such as the removal of older ones; or empty
   */
  public record Done(
      Instant time,
      Instant asOf,
      String id,
      String snapshot,
      long bytes,
      long added,
      long millis,
      String note) {}

  /** A backup that was not made, and why. */
  public record Failed(Instant time, BackupException.Kind kind, String text) {}

  /**
   * A backup that was restored apart, started, and checked.
   *
   * @param good whether it was healthy
   * @param text what was checked, or what was wrong
   */
  public record Proof(Instant time, String id, boolean good, String text) {}

  /** What a person must know first. */
  public enum State {
    GOOD,
    /** No backup was ever made. */
    MISSING,
    /** The schedule's time has passed without a backup. */
    OVERDUE,
    /** The last one failed. */
    FAILED,
    /** The last backup that was tried could not be brought up. */
    UNPROVEN;

    /** Whether a command that was asked about the stack exits with a failure. */
    public boolean bad() {
      return this != GOOD;
    }
  }

  BackupHealth begun(Instant now) {
    return new BackupHealth(now, done, failed, proof);
  }

  BackupHealth done(Done backup) {
    return new BackupHealth(null, backup, failed, proof);
  }

  BackupHealth failed(Failed failure) {
    return new BackupHealth(null, done, failure, proof);
  }

  BackupHealth proved(Proof result) {
    return new BackupHealth(running, done, failed, result);
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
    if (done == null) {
      return State.MISSING;
    }
    return proof == null || proof.good() ? State.GOOD : State.UNPROVEN;
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
      case MISSING -> last;
      case GOOD ->
          proof == null
              ? last + "; never proven"
              : last + "; proven %s ago".formatted(HumanText.time(proof.time(), now));
      case UNPROVEN ->
          proof == null
              ? last
              : "backup %s did not come up when it was proven %s ago: %s; %s"
                  .formatted(proof.id(), HumanText.time(proof.time(), now), proof.text(), last);
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
