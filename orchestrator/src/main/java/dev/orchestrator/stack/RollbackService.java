package dev.orchestrator.stack;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.RollbackCost;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.upgrade.DataChanges;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.util.Locale;
import java.util.Optional;

/** Runs that go back to the version before: with the newer data, or with its own. */
final class RollbackService {
  private final UpgradeContext context;
  private final Journal journal;

  RollbackService(UpgradeContext context) {
    this.context = context;
    this.journal = context.journal();
  }

  /**
   * What becomes of the newer data: as asked for, else as configured; refused where nobody says.
   */
  Rollback dataChoice(DataOptions options) {
    Rollback asked = options.rollback();
    Rollback choice = asked == null ? context.data().rollback() : asked;
    if (choice == Rollback.ASK) {
      throw new RefusedException(
          "say what becomes of what was written since the switch: --data carry or --data restore"
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

  /** What was written since the switch. */
  RollbackCost cost(Generation blue) {
    Generation old = previous();
    DataChanges changes = context.changes();
    return new RollbackCost(
        blue.version(),
        old.version(),
        old.number(),
        changes.since(blue),
        changes.volumes(blue, old, "rollback"),
        changes.tables(blue),
        context.data().rollback().name().toLowerCase(Locale.ROOT));
  }

  /** Begins the run in the journal; it is not executed yet. */
  UpgradeRun begin(Generation blue, Rollback choice) {
    Generation old = previous();
    boolean carries = choice == Rollback.CARRY;
    UpgradeRecord record =
        journal.begin(
            Kind.ROLLBACK,
            blue.version(),
            old.version(),
            blue.number(),
            carries ? null : old.number(),
            DataOptions.of(choice).attachments());
    UpgradeRun run =
        new UpgradeRun(record, UpgradePlans.of(record, carries), blue, carries ? null : old);
    if (carries) {
      run.old = old;
    }
    return run;
  }

  /** A version that wasn't healthy with the newer data gets its own, as of the switch. */
  Optional<UpgradeRun> beginFallBack(UpgradeRun run) {
    Step failed = run.failed;
    boolean unhealthy =
        run.old != null
            && failed != null
            && failed.runsCandidate()
            && journal
                .upgrade(run.id())
                .filter(record -> record.outcome() == Outcome.ROLLED_BACK)
                .isPresent();
    return unhealthy ? Optional.of(begin(run.blue(), Rollback.RESTORE)) : Optional.empty();
  }
}
