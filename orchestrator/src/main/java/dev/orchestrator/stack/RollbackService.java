package dev.orchestrator.stack;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.adopt.OriginalJson;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.RollbackCost;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.upgrade.DataChanges;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.LostHost;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Begins rollbacks to the previous version, with the newer data or with that version's own data.
 */
final class RollbackService {
  private final UpgradeContext context;
  private final Journal journal;

  RollbackService(UpgradeContext context) {
    this.context = context;
    this.journal = context.journal();
  }

  /**
   * What happens to the newer data: as requested, or else as configured.
   *
   * @throws RefusedException when neither says
   */
  Rollback chooseData(DataOptions options) {
    Rollback requested = options.rollback();
    Rollback choice = requested == null ? context.dataSettings().rollback() : requested;
    if (choice == Rollback.ASK) {
      throw new RefusedException(
          "choose what happens to the data written since the switch: --data carry or --data restore"
              + " (or set data.rollback)");
    }
    return choice;
  }

  /** The generation that a rollback goes back to. */
  private Generation previous() {
    return journal
        .previous()
        .orElseThrow(() ->
            new RefusedException(
                "nothing to go back to: no earlier version is kept (upgrade.keep); see"
                    + " 'orchestrator versions'"));
  }

  /** Describes the data written since the switch, which a rollback may leave behind. */
  RollbackCost cost(Generation blue) {
    Generation previous = previous();
    DataChanges changes = context.changes();
    return new RollbackCost(
        blue.version(),
        previous.version(),
        previous.number(),
        changes.servingSince(blue),
        volumesOf(blue, changes.volumeChanges(blue, previous, "rollback")),
        changes.tableChanges(blue),
        context.dataSettings().rollback().name().toLowerCase(Locale.ROOT),
        context.reversals().notes(blue, previous));
  }

  /**
   * Refuses to start the old version on the newer data where that is known not to work.
   *
   * @throws RefusedException with what a rehearsal has found
   */
  void requireCarry(Generation blue, Rollback choice) {
    if (choice == Rollback.CARRY) {
      context.reversals().requireCarry(blue, previous());
    }
  }

  /**
   * Describes what was written since the adoption, which its undo removes. Files are not compared
   * with the project's: its data may be in places that only its own containers have.
   */
  RollbackCost undoCost() {
    UpgradeRecord adoption = requireAdoption();
    String project = "project " + adoption.fromVersion();
    Optional<Generation> serving = journal.serving();
    if (serving.isEmpty()) {
      return new RollbackCost(
          adoption.toVersion(), project, 0, adoption.started(), List.of(), List.of(), "restore");
    }
    Generation blue = serving.get();
    DataChanges changes = context.changes();
    List<DataChanges.Volume> volumes =
        blue.volumes().stream()
            .map(volume ->
                new DataChanges.Volume(
                    volume.name(), volume.volume(), 0, 0, 0, "removed with the stack"))
            .toList();
    return new RollbackCost(
        blue.version(),
        project,
        0,
        changes.servingSince(blue),
        volumesOf(blue, volumes),
        changes.tableChanges(blue),
        "restore");
  }

  private UpgradeRecord requireAdoption() {
    return journal
        .adoption()
        .orElseThrow(() ->
            new RefusedException(
                "this stack was not adopted from a compose project, or that was undone: see"
                    + " 'orchestrator history'"));
  }

  /** The data volumes, and the paths of the host that services write to. */
  private List<DataChanges.Volume> volumesOf(
      Generation blue, List<DataChanges.Volume> dataVolumes) {
    List<DataChanges.Volume> all = new ArrayList<>(dataVolumes);
    for (HostGrants.Path path : context.builder().grants(blue.image()).paths()) {
      if (!path.readOnly()) {
        all.add(
            new DataChanges.Volume(
                path.path(),
                path.path(),
                0,
                0,
                0,
                "a path of the host, which both versions use: not rolled back"));
      }
    }
    return all;
  }

  /** Begins a rollback in the journal, without executing it. */
  UpgradeRun begin(Generation blue, Rollback choice) {
    Generation previous = previous();
    boolean carriesData = choice == Rollback.CARRY;
    UpgradeRecord record =
        journal.begin(
            Kind.ROLLBACK,
            blue.version(),
            previous.version(),
            blue.number(),
            carriesData ? null : previous.number(),
            DataOptions.forRollback(choice).attachments());
    UpgradeRun run =
        new UpgradeRun(
            record,
            UpgradePlans.stepsOf(record, carriesData, false),
            blue,
            carriesData ? null : previous);
    if (carriesData) {
      run.previous = previous;
    }
    return run;
  }

  /**
   * Begins a rollback from a host that is gone for good, without executing it: what is kept here is
   * brought up as after a {@code down}.
   */
  UpgradeRun beginFromLostHost(Generation lost) {
    Generation previous = previous();
    UpgradeRecord record =
        journal.begin(
            Kind.ROLLBACK,
            lost.version(),
            previous.version(),
            null,
            previous.number(),
            LostHost.attachments(lost));
    return new UpgradeRun(record, UpgradePlans.stepsOf(record, false, false), null, previous);
  }

  /**
   * Begins a rollback to the project that was adopted, without executing it.
   *
   * @param blue the generation that serves; null where nothing of the stack is left
   * @throws RefusedException when the stack was not adopted, or that was undone
   */
  UpgradeRun beginReturn(@Nullable Generation blue) {
    String json = journal.attachment(requireAdoption().id(), UpgradeRun.ORIGINAL_KEY).orElseThrow();
    Original original = OriginalJson.read(json);
    UpgradeRecord record =
        journal.begin(
            Kind.ROLLBACK,
            blue == null ? "" : blue.version(),
            original.project(),
            blue == null ? null : blue.number(),
            UpgradeRecord.ORIGINAL,
            Map.of(UpgradeRun.ORIGINAL_KEY, json));
    return new UpgradeRun(record, UpgradePlans.stepsOf(record, false, false), blue, null, original);
  }

  /**
   * Begins a second rollback, to the previous version's own data as of the switch, when the version
   * was not healthy with the newer data; empty where none is needed.
   */
  Optional<UpgradeRun> beginFallBack(UpgradeRun run) {
    Step failed = run.failedStep;
    boolean unhealthy =
        run.previous != null
            && run.record.kind() == Kind.ROLLBACK
            && failed != null
            && failed.runsCandidate()
            && journal
                .upgrade(run.id())
                .filter(record -> record.outcome() == Outcome.ROLLED_BACK)
                .isPresent();
    return unhealthy ? Optional.of(begin(run.blue(), Rollback.RESTORE)) : Optional.empty();
  }
}
