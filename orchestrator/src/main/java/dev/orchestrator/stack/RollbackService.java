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
import dev.orchestrator.upgrade.Planner;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Runs that go back to the version before: with the newer data, or with its own. */
final class RollbackService {
  /** Where an old version shows that it can't go on with newer data. */
  private static final Set<Step> UNHEALTHY = Set.of(Step.START, Step.VERIFY, Step.BAKE);

  private final UpgradeContext parts;
  private final Journal journal;
  private final DataChanges written;

  RollbackService(UpgradeContext parts, ResourceNames names) {
    this.parts = parts;
    this.written = new DataChanges(parts, names);
    this.journal = parts.journal();
  }

  /**
   * What becomes of the newer data: as asked for, else as configured; a refusal where nobody says.
   */
  Rollback data(DataOptions options) {
    Rollback asked = options.rollback();
    Rollback what = asked == null ? parts.settings().stack().data().rollback() : asked;
    if (what == Rollback.ASK) {
      throw new RefusedException(
          "say what becomes of what was written since the switch: --data carry or --data restore"
              + " (or set data.rollback)");
    }
    return what;
  }

  /** The generation that one goes back to. */
  Generation previous() {
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
    return new RollbackCost(
        blue.version(),
        old.version(),
        old.number(),
        written.since(blue),
        written.volumes(blue, old, "rollback"),
        written.tables(blue),
        parts.settings().stack().data().rollback().name().toLowerCase(Locale.ROOT));
  }

  UpgradeRun begin(Generation blue, Rollback what) {
    Generation old = previous();
    UpgradeRecord record =
        journal.begin(Kind.ROLLBACK, blue.version(), old.version(), blue.number());
    DataOptions.of(what).keep(parts, record.id());
    if (what == Rollback.CARRY) {
      UpgradeRun run = new UpgradeRun(record, Planner.CARRY, blue, null);
      run.old = old;
      return run;
    }
    journal.candidate(record.id(), old.number());
    return new UpgradeRun(record, Planner.RESTORE, blue, old);
  }

  /** A version that wasn't healthy with the newer data gets its own, as of the switch. */
  Optional<UpgradeRun> fallBack(UpgradeRun run) {
    Step failed = run.failed;
    boolean unhealthy =
        run.old != null
            && failed != null
            && UNHEALTHY.contains(failed)
            && journal
                .upgrade(run.id())
                .filter(record -> record.outcome() == Outcome.ROLLED_BACK)
                .isPresent();
    return unhealthy ? Optional.of(begin(run.blue(), Rollback.RESTORE)) : Optional.empty();
  }
}
