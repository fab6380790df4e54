package dev.orchestrator.stack;

import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.home.ExportClaim;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.report.SnapshotComparison;
import dev.orchestrator.report.SnapshotDiff;
import dev.orchestrator.report.SnapshotSizes;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.upgrade.SnapshotFiles;
import dev.orchestrator.upgrade.SnapshotOptions;
import dev.orchestrator.upgrade.Snapshots;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Begins runs that make, restore or prove snapshots, and lists and deletes snapshots. Thread-safe:
 * none is deleted while a run may need it.
 */
final class SnapshotService {
  private static final Logger log = LoggerFactory.getLogger(SnapshotService.class);
  private final UpgradeContext context;
  private final Journal journal;
  private final Snapshots snapshots;
  private final SnapshotSizes sizes;

  /** Names of the snapshots that are being read, each as often as it is. */
  private final List<String> read = new ArrayList<>();

  SnapshotService(UpgradeContext context) {
    this.context = context;
    this.journal = context.journal();
    this.snapshots = context.snapshots();
    this.sizes = new SnapshotSizes(context);
  }

  /** All snapshots, newest first. */
  List<SnapshotStatus> list() {
    return journal.snapshots().reversed().stream().map(this::status).toList();
  }

  /**
   * The same with sizes as of now. During a run, which may remove snapshots, those that are known
   * are told; so are they where the measurement takes longer than somebody waits for it.
   */
  List<SnapshotStatus> measured() {
    if (journal.running().isEmpty()) {
      reading(
          this::names,
          names -> {
            List<Snapshots.Use> uses = names.stream().map(snapshots::use).toList();
            try {
              if (!names.isEmpty()) {
                sizes.measure();
              }
            } finally {
              uses.forEach(Snapshots.Use::close);
            }
            return names;
          });
    }
    return list();
  }

  private List<String> names() {
    return journal.snapshots().stream().map(SnapshotRecord::name).toList();
  }

  SnapshotStatus show(String name) {
    return status(snapshots.require(name));
  }

  private SnapshotStatus status(SnapshotRecord snapshot) {
    return SnapshotStatus.of(
        snapshot,
        snapshots.generationOf(snapshot),
        sizes.of(snapshot),
        snapshots.layersOver(snapshot));
  }

  /**
   * Deletes the snapshots that were made for exports whose commands have ended. What can't be
   * deleted stays until the next try.
   */
  synchronized void deleteOfEndedExports() {
    for (SnapshotRecord snapshot : journal.snapshots()) {
      if (snapshot.reason() != Reason.FOR_EXPORT
          || ExportClaim.isHeld(context.settings().home(), snapshot.name())) {
        continue;
      }
      try {
        requireNoRun();
        log.info("{}: left by an export that was killed", snapshots.delete(snapshot));
        ExportClaim.forget(context.settings().home(), snapshot.name());
      } catch (NotYetException e) {
        log.debug("{}", e.getMessage());
      } catch (RefusedException | EngineException | IOException e) {
        log.warn("snapshot {} stays: {}", snapshot.name(), e.getMessage());
      }
    }
  }

  /** Begins a run that makes a snapshot in the journal, without executing it. */
  synchronized UpgradeRun beginCreate(Generation blue, SnapshotRequest request) {
    if (request.reason() == Reason.FOR_EXPORT) {
      deleteOfEndedExports();
    }
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
    requireNotRead(name);
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
    snapshots.surplus().forEach(snapshot -> requireNotRead(snapshot.name()));
    return snapshots.prune();
  }

  /**
   * Copies a file or folder of a snapshot, to its place in what serves or elsewhere.
   *
   * @param shown as the author of the compose file writes it
   * @param to a folder of the engine's host; null for its place
   */
  TakenFiles restoreFiles(
      String name, String shown, @Nullable String to, Supplier<Generation> serving) {
    String place = SnapshotFiles.place(shown);
    if (to == null) {
      requireNoRun();
    }
    return reading(
        () -> required(name),
        _ ->
            to == null
                ? context.snapshotFiles().restore(snapshots.require(name), place, serving.get())
                : context.snapshotFiles().copyTo(snapshots.require(name), place, to));
  }

  /**
   * Compares a snapshot with another one, or with what serves.
   *
   * @param other null for what serves
   */
  SnapshotDiff diff(String name, @Nullable String other, Supplier<Generation> serving) {
    return reading(
        () -> other == null ? required(name) : required(name, other),
        _ -> {
          SnapshotRecord second = other == null ? null : snapshots.require(other);
          return new SnapshotComparison(context)
              .of(
                  snapshots.require(name),
                  second,
                  second == null ? serving.get() : snapshots.generationOf(second));
        });
  }

  private List<String> required(String... names) {
    List<String> found = List.of(names);
    found.forEach(snapshots::require);
    return found;
  }

  /**
   * Reads snapshots, which are not deleted meanwhile.
   *
   * @param choice names them; nothing is deleted between that and the work
   */
  private <T> T reading(Supplier<List<String>> choice, Function<List<String>, T> work) {
    List<String> names;
    synchronized (this) {
      names = choice.get();
      read.addAll(names);
    }
    try {
      return work.apply(names);
    } finally {
      synchronized (this) {
        names.forEach(read::remove);
      }
    }
  }

  private void requireNotRead(String name) {
    if (read.contains(name)) {
      throw new NotYetException("files of snapshot " + name + " are being read: try again later");
    }
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
