package dev.orchestrator.settings;

import java.time.Duration;

/**
 * Budgets and deadlines of an upgrade.
 *
 * @param build deadline of building a capsule image
 * @param ready deadline of a capsule's inner engine
 * @param preSync deadline of the copy while blue serves
 * @param hold how long new connections may wait, from hold to switch; then the upgrade fails
 * @param drain how long existing connections may go on before blue stops; may be zero
 * @param bake how long green is watched after the switch; may be zero
 * @param keep how many old generations stay for rollback, at least 1
 * @param backupAge how old the last backup may be when an upgrade begins; zero: none is required
 * @param rehearse whether the version is tried out on a copy of the data first
 * @param oneWay whether a version is upgraded to from which nothing leads back
 */
public record UpgradeSettings(
    Duration build,
    Duration ready,
    Duration preSync,
    Duration hold,
    Duration drain,
    Duration bake,
    VerifySettings verify,
    int keep,
    Duration backupAge,
    RehearseSettings rehearse,
    OneWay oneWay) {

  /** What is done about a version from which nothing leads back. */
  public enum OneWay {
    /** An upgrade to it needs {@code --accept-one-way}. */
    REFUSE,
    ACCEPT
  }

  /** Upgrades that require no backup and no rehearsal. */
  public UpgradeSettings(
      Duration build,
      Duration ready,
      Duration preSync,
      Duration hold,
      Duration drain,
      Duration bake,
      VerifySettings verify,
      int keep) {
    this(
        build,
        ready,
        preSync,
        hold,
        drain,
        bake,
        verify,
        keep,
        Duration.ZERO,
        RehearseSettings.OFF,
        OneWay.REFUSE);
  }

  /** Whether an upgrade begins only after a backup. */
  public boolean requiresBackup() {
    return !backupAge.isZero();
  }

  /** The same with another bake window and another number of old generations that stay. */
  public UpgradeSettings with(Duration otherBake, int otherKeep) {
    return new UpgradeSettings(
        build, ready, preSync, hold, drain, otherBake, verify, otherKeep, backupAge, rehearse,
        oneWay);
  }

  /** The same without a backup before an upgrade. */
  public UpgradeSettings withoutBackup() {
    return new UpgradeSettings(
        build, ready, preSync, hold, drain, bake, verify, keep, Duration.ZERO, rehearse, oneWay);
  }

  /** The same with other rehearsals. */
  public UpgradeSettings withRehearse(RehearseSettings other) {
    return new UpgradeSettings(
        build, ready, preSync, hold, drain, bake, verify, keep, backupAge, other, oneWay);
  }

  /** The same with another answer to a version from which nothing leads back. */
  public UpgradeSettings withOneWay(OneWay other) {
    return new UpgradeSettings(
        build, ready, preSync, hold, drain, bake, verify, keep, backupAge, rehearse, other);
  }

  /**
   * When a version counts as healthy.
   *
   * @param passes so many rounds of checks in a row must find nothing wrong
   * @param rehearsed the same where this content was found healthy in a rehearsal of the same run
   * @param interval from the begin of a round to the begin of the next
   * @param deadline from the start of the services to the last of these rounds
   */
  public record VerifySettings(int passes, int rehearsed, Duration interval, Duration deadline) {

    /** As many rounds with a rehearsal as without. */
    public VerifySettings(int passes, Duration interval, Duration deadline) {
      this(passes, passes, interval, deadline);
    }
  }
}
