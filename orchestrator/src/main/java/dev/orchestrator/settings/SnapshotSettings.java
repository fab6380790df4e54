package dev.orchestrator.settings;

import dev.orchestrator.settings.DataSettings.Quiesce;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How snapshots are made and for how long they stay.
 *
 * @param quiesce how services stop writing while a snapshot is made
 * @param beforeUpgrade whether what an upgrade began with stays as a snapshot
 * @param schedule a cron expression of five fields; null for never
 * @param prove when all snapshots are proven, likewise; null for never
 * @param made what stays of the snapshots that the service makes by itself
 * @param setAside what stays of what a rollback or a restore has set aside
 */
public record SnapshotSettings(
    Quiesce quiesce,
    BeforeUpgrade beforeUpgrade,
    @Nullable String schedule,
    @Nullable String prove,
    Keep made,
    Keep setAside) {

  /** What a stack has that says nothing else. */
  public static final SnapshotSettings DEFAULT =
      new SnapshotSettings(
          Quiesce.FREEZE,
          BeforeUpgrade.AUTO,
          null,
          null,
          new Keep(3, 0, 0, 0, Duration.ZERO),
          new Keep(3, 0, 0, 0, Duration.ofDays(30)));

  /** Whether a snapshot goes because of its age alone. */
  public boolean hasAges() {
    return !made.maxAge().isZero() || !setAside.maxAge().isZero();
  }

  /** Whether what an upgrade began with stays as a snapshot. */
  public enum BeforeUpgrade {
    /** Where it shares its blocks with the new version's data, so that it takes little space. */
    AUTO,
    ON,
    OFF
  }

  /**
   * Which snapshots stay: each that any of the first four keeps, unless it is too old.
   *
   * @param last so many of the newest
   * @param daily the newest of each of so many days that have any
   * @param weekly the newest of each of so many weeks that have any
   * @param monthly the newest of each of so many months that have any
   * @param maxAge what is older goes; zero for no bound
   */
  public record Keep(int last, int daily, int weekly, int monthly, Duration maxAge) {}
}
