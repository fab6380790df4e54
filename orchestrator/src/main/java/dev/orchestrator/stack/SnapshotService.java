package dev.orchestrator.stack;

import dev.orchestrator.common.NotYetException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.upgrade.SnapshotOptions;
import dev.orchestrator.upgrade.Snapshots;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Begins runs that make, restore or prove snapshots, and lists and deletes snapshots. Thread-safe:
 * none is deleted while a run may need it.
 */
final class SnapshotService {
  private final UpgradeContext context;
  private final Journal journal;
  private final Snapshots snapshots;

  SnapshotService(UpgradeContext context) {
    this.context = context;
    this.journal = context.journal();
    this.snapshots = context.snapshots();
  }

  /** All snapshots, newest first. */
  List<SnapshotStatus> list() {
    return journal.snapshots().reversed().stream().map(this::status).toList();
  }

  SnapshotStatus show(String name) {
    return status(snapshots.require(name));
  }

  private SnapshotStatus status(SnapshotRecord snapshot) {
    return SnapshotStatus.of(
        snapshot, snapshots.generationOf(snapshot), snapshots.layersOver(snapshot));
  }

  /** Begins a run that makes a snapshot in the journal, without executing it. */
  synchronized UpgradeRun beginCreate(Generation blue, SnapshotRequest request) {
    String wanted = request.name();
    String name =
        wanted == null ? snapshots.freeName("", blue.version(), context.clock().instant()) : wanted;
    snapshots.requireFree(name);
    UpgradeRecord record =
        journal.begin(
            Kind.SNAPSHOT,
            blue.version(),
            blue.version(),
            blue.number(),
            null,
            SnapshotOptions.toMake(name, request.reason(), request.quiesce()).attachments());
    return new UpgradeRun(record, UpgradePlans.SNAPSHOT, blue, null);
  }

  /**
   * Begins a run that restores a snapshot in the journal, without executing it.
   *
   * @param blue null where nothing has served yet
   */
  synchronized UpgradeRun beginRestore(@Nullable Generation blue, String name) {
    SnapshotRecord snapshot = snapshots.require(name);
    Generation generation = snapshots.generationOf(snapshot);
    UpgradeRecord record =
        journal.begin(
            Kind.RESTORE,
            blue == null ? "" : blue.version(),
            generation.version(),
            blue == null ? null : blue.number(),
            null,
            SnapshotOptions.toRestore(name, Reason.BEFORE_RESTORE, generation.number())
                .attachments());
    UpgradeRun run =
        new UpgradeRun(
            record,
            blue == null ? UpgradePlans.FIRST_UP_OF_SNAPSHOT : UpgradePlans.RESTORE_SNAPSHOT,
            blue,
            null);
    run.previous = generation;
    return run;
  }

  /**
   * Begins a run that proves a snapshot in the journal, without executing it.
   *
   * @param blue what serves; null for nothing
   */
  synchronized UpgradeRun beginProve(@Nullable Generation blue, String name) {
    SnapshotRecord snapshot = snapshots.require(name);
    Generation generation = snapshots.generationOf(snapshot);
    UpgradeRecord record =
        journal.begin(
            Kind.PROVE,
            blue == null ? "" : blue.version(),
            generation.version(),
            blue == null ? null : blue.number(),
            null,
            SnapshotOptions.toProve(name, snapshot.reason(), generation.number()).attachments());
    UpgradeRun run = new UpgradeRun(record, UpgradePlans.PROVE_SNAPSHOT, blue, null);
    run.previous = generation;
    return run;
  }

  /** Deletes a snapshot; returns one line on what becomes of its data. */
  synchronized String delete(String name) {
    SnapshotRecord snapshot = snapshots.require(name);
    requireNoRun();
    return snapshots.delete(snapshot);
  }

  /**
   * Deletes the snapshots that the settings no longer keep.
   *
   * @param plan whether nothing is to be deleted
   * @return their names, oldest first
   */
  synchronized List<String> prune(boolean plan) {
    if (plan) {
      return snapshots.surplus().stream().map(SnapshotRecord::name).toList();
    }
    requireNoRun();
    return snapshots.prune();
  }

  private void requireNoRun() {
    journal
        .running()
        .ifPresent(run -> {
          throw new NotYetException(
              "%s is under way, and may need the snapshot: wait for its end ('orchestrator watch')"
                  .formatted(run.id()));
        });
  }

  /** Refuses a snapshot that is not there before anything else is refused. */
  void require(String name) {
    SnapshotRecord _ = snapshots.require(name);
  }
}
