package dev.orchestrator.stack;

import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.BackupOperation;
import dev.orchestrator.report.BackupReport;
import dev.orchestrator.report.DoctorReport;
import dev.orchestrator.report.MovePlan;
import dev.orchestrator.report.Plan;
import dev.orchestrator.report.RollbackCost;
import dev.orchestrator.report.SnapshotDiff;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.report.Status;
import dev.orchestrator.report.VersionStatus;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.EventHub;
import dev.orchestrator.upgrade.RehearsalOptions;
import dev.orchestrator.upgrade.RunEvent;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a stack, as the API offers them and the schedule uses them. Thread-safe. Calls
 * block; call them from a virtual thread. An operation that is not possible now throws a {@link
 * dev.orchestrator.common.RefusedException} and changes nothing. Runs execute on their own thread:
 * a call that begins a run returns the run's id as soon as the run is accepted.
 */
public interface Control {

  /** The state of the stack, its routes and its runs. */
  Status status();

  /** The versions in the releases folder, each with its state. */
  List<VersionStatus> versions();

  /** Describes what an upgrade would do. Reads only; takes as long as measuring the data does. */
  default Plan plan(String version, DataOptions options) {
    return plan(version, options, RehearsalOptions.AS_CONFIGURED);
  }

  /** The same of an upgrade that rehearses or does not. */
  Plan plan(String version, DataOptions options, RehearsalOptions rehearsal);

  /** The generation that serves, with its image and volumes. */
  Generation serving();

  /** The generation that serves, or would serve if the stack were not down. */
  Generation current();

  /**
   * Brings the stack up.
   *
   * @param version the version to bring up; null for the version that served last, or else the
   *     newest
   * @return the run's id, or empty when the stack serves already
   */
  String up(@Nullable String version);

  /** Upgrades to a version with the configured data options; returns the run's id. */
  default String upgrade(String version) {
    return upgrade(version, DataOptions.NONE);
  }

  /** Upgrades to a version, with a rehearsal if that is configured; returns the run's id. */
  default String upgrade(String version, DataOptions options) {
    return upgrade(version, options, RehearsalOptions.AS_CONFIGURED);
  }

  /** Upgrades to a version; returns the run's id. */
  String upgrade(String version, DataOptions options, RehearsalOptions rehearsal);

  /**
   * Rehearses an upgrade: starts the version on a copy of today's data, out of reach, checks it as
   * an upgrade does, and throws all of that away. What serves serves on. Returns the run's id.
   */
  String rehearse(String version);

  /**
   * Moves the version that serves to another host, with its data; the routes lead there. Returns
   * the run's id.
   *
   * @param address of the engine there: {@code ssh://…}, {@code tcp://…} or a Docker context
   * @param full whether the content of every file is compared
   */
  String move(String address, boolean full);

  /**
   * Describes what a move would do, with all that it would be refused for. Changes nothing; takes
   * as long as measuring the data does.
   */
  MovePlan movePlan(String address);

  /**
   * Ends a move: closes the routes of this host and removes what is left of the stack here, when
   * the orchestrator there has taken it over.
   *
   * @param now whether connections that are open through the routes are cut
   */
  void endMove(boolean now);

  /**
   * Rolls back to the previous version, with a copy of the newer data or with its own data as of
   * the switch; returns the run's id.
   */
  String rollback(DataOptions options);

  /**
   * Rolls back from another host that does not answer and never will, to what is kept here; what
   * was written there is lost. Returns the run's id.
   */
  String rollbackFromLostHost();

  /**
   * Undoes an adoption: the project is started again with its own data, as of the adoption, and
   * this stack's capsules and data are removed; returns the run's id.
   */
  String undoAdopt();

  /** All snapshots, newest first. */
  List<SnapshotStatus> snapshots();

  /** The same with sizes as of now, where that can be found out in seconds. Reads the data. */
  List<SnapshotStatus> measuredSnapshots();

  /** The snapshot with a name. */
  SnapshotStatus snapshot(String name);

  /** Makes a snapshot of what serves, which serves on; returns the run's id. */
  String createSnapshot(SnapshotRequest request);

  /**
   * Brings the version and the data of a snapshot back: on a copy of the snapshot, which stays.
   * What served before is kept as a snapshot itself. Returns the run's id.
   */
  String restoreSnapshot(String name);

  /**
   * Proves a snapshot: starts its version on a clone or copy of its data, out of reach, checks it
   * as an upgrade does, has its databases check themselves, and throws all of that away. What
   * serves serves on. Returns the run's id.
   */
  String proveSnapshot(String name);

  /**
   * Copies a file or folder of a snapshot while the services run.
   *
   * @param path as the author of the compose file writes it: {@code VOLUME/FILE} or {@code ./FILE}
   * @param to a folder of the engine's host; null for the file's place in what serves
   */
  TakenFiles restoreFiles(String name, String path, @Nullable String to);

  /**
   * The difference between a snapshot and another one. Reads only.
   *
   * @param other null for what serves
   */
  SnapshotDiff diffSnapshot(String name, @Nullable String other);

  /** Deletes a snapshot; returns one line on what becomes of its data. */
  String deleteSnapshot(String name);

  /**
   * Deletes the snapshots that the settings no longer keep.
   *
   * @param plan whether nothing is to be deleted
   * @return their names, oldest first
   */
  List<String> pruneSnapshots(boolean plan);

  /** The backups of the stack; asks their repository. */
  BackupReport backups();

  /**
   * Begins work on the backups; returns the id of the operation as soon as it is accepted, empty
   * when there is nothing to do.
   */
  String beginBackup(BackupRequest request);

  /** An operation on the backups, under way or ended. */
  BackupOperation backupOperation(String id);

  /**
   * Notes that a backup that was due could not begin, for {@code status}.
   *
   * @param why in one line
   */
  void noteMissedBackup(String why);

  /** Describes the data that a rollback would leave behind. Reads only. */
  RollbackCost rollbackCost();

  /** Describes the data that the undo of an adoption would remove. Reads only. */
  RollbackCost undoCost();

  /** Checks everything that an upgrade depends on. Reads only. */
  DoctorReport doctor();

  /** Rolls back as data.rollback is set; returns the run's id. */
  default String rollback() {
    return rollback(DataOptions.NONE);
  }

  /**
   * Aborts the run that is under way: before the switch it is undone, in the bake it is rolled
   * back. A run whose undo is stuck, or that has ended in need of attention, is left as it is.
   * Where there is none, ends the work on the backups that is under way.
   *
   * @return the id of the run, or of the operation on the backups
   */
  String abort();

  /**
   * Repeats a stuck undo at once, or clears the need for attention of an ended run once the version
   * that serves is healthy again; returns the run's id.
   */
  String resume();

  /**
   * Stops the stack. Data and capsules stay, and {@code up} starts them again.
   *
   * @param removal what to remove in addition
   * @return how many images were removed
   */
  int down(Removal removal);

  /** What {@code down} removes; each value includes the value before it. */
  enum Removal {
    NOTHING,
    /** Capsules, data and records. */
    VOLUMES,
    /** Also the images that were built. */
    IMAGES
  }

  /** All runs, newest first. */
  List<UpgradeRecord> history();

  /** The receipt of a run, also while the run is under way. */
  Receipt receipt(String id);

  /**
   * The last lines of the services' logs.
   *
   * @param service null for all services
   * @param tail count of lines
   */
  List<String> logs(@Nullable String service, int tail);

  /**
   * Passes past and coming events of a run to a listener, in order, each exactly once, on any
   * thread, one at a time. The last event has the phase {@code end}.
   */
  EventHub.Subscription watch(String id, Consumer<RunEvent> listener);
}
