package dev.orchestrator.stack;

import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.DoctorReport;
import dev.orchestrator.report.Plan;
import dev.orchestrator.report.RollbackCost;
import dev.orchestrator.report.Status;
import dev.orchestrator.report.VersionStatus;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.EventHub;
import dev.orchestrator.upgrade.RunEvent;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a person or a script can ask of the service: what the API offers and the schedule
 * uses. Calls block (call from a virtual thread); what can't be done is a {@link
 * dev.orchestrator.common.RefusedException} with nothing changed. Upgrades run on their own thread:
 * the call returns their id as soon as they are accepted.
 */
public interface Control {

  Status status();

  List<VersionStatus> versions();

  /** What an upgrade would do; nothing is done. Takes as long as going through the data does. */
  Plan plan(String version, DataOptions options);

  /** What serves, in full: where its data is, which image it is of. */
  Generation serving();

  /**
   * Brings the stack up: the version given, else the one that served last, else the newest.
   *
   * @return the id of the run, or empty when it serves already
   */
  String up(@Nullable String version);

  /** Upgrades to a version; returns the id of the run. */
  default String upgrade(String version) {
    return upgrade(version, DataOptions.NONE);
  }

  String upgrade(String version, DataOptions options);

  /**
   * Goes back to the version before, with a copy of the newer data or with its own as of the
   * switch; returns the run's id.
   */
  String rollback(DataOptions options);

  /** What a rollback would leave behind; nothing is done. */
  RollbackCost rollbackCost();

  /** Looks at everything that an upgrade depends on; nothing is changed. */
  DoctorReport doctor();

  /** The same, as configured. */
  default String rollback() {
    return rollback(DataOptions.NONE);
  }

  /**
   * Ends what runs: before the switch it is undone, in the bake rolled back. A run that is stuck in
   * its undoing, or has ended so, is left as it is.
   *
   * @return the run's id
   */
  String abort();

  /** Tries a stuck undo again at once, or takes the word back once what serves is healthy again. */
  String resume();

  /**
   * Stops what serves; data and capsules stay, {@code up} brings it back.
   *
   * @param removal what is removed beyond that
   */
  void down(Removal removal);

  /** What {@code down} removes: each includes the one before it. */
  enum Removal {
    NOTHING,
    /** Capsules, data and records. */
    VOLUMES,
    /** And the images that were built. */
    IMAGES
  }

  /**
   * Offers everything to another process of the orchestrator. From now on nothing is begun here,
   * until that process has come and gone, or has not come for a minute.
   *
   * @return the Unix socket where the listening sockets are to be had
   */
  String handOver();

  /** All runs, newest first. */
  List<UpgradeRecord> history();

  /** The receipt of a run, also of one that still runs. */
  Receipt receipt(String id);

  /** The last lines of the inner services' logs, of one service or of all. */
  List<String> logs(@Nullable String service, int tail);

  /**
   * Past and coming events of a run, in order, none twice, none missing, on any thread, one at a
   * time. The last has the phase {@code end}.
   */
  EventHub.Subscription watch(String id, Consumer<RunEvent> listener);
}
