package dev.orchestrator.stack;

import static dev.orchestrator.stack.StackRequirements.refuseOnFailure;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.List;
import java.util.Optional;

/**
 * What somebody does about a run that is under way, or that has ended and needs attention.
 * Thread-safe.
 */
final class RunIntervention {
  private final UpgradeContext context;
  private final StackRequirements requirements;
  private final RunAdmission admission;
  private final RunExecutor executor;
  private final BackupService backups;
  private final ServingSupervisor supervisor;
  private final Journal journal;

  RunIntervention(
      UpgradeContext context,
      StackRequirements requirements,
      RunAdmission admission,
      RunExecutor executor,
      BackupService backups,
      ServingSupervisor supervisor) {
    this.context = context;
    this.requirements = requirements;
    this.admission = admission;
    this.executor = executor;
    this.backups = backups;
    this.supervisor = supervisor;
    this.journal = context.journal();
  }

  /**
   * Ends the run, or the work on the backups, that is under way; else leaves what needs attention
   * as it is.
   */
  String abort() {
    UpgradeRun run = executor.current();
    if (run != null) {
      run.control.abort(run.id());
      return run.id();
    }
    Optional<String> backup = backups.abort();
    if (backup.isPresent()) {
      return backup.get();
    }
    UpgradeRecord unfinished =
        needsAttention().orElseThrow(() -> new RefusedException("nothing runs: nothing to abort"));
    journal.settle(unfinished.id(), "left as it is by hand");
    return unfinished.id();
  }

  /**
   * Goes on with a run that waits for somebody; else settles what needed attention, where it is
   * healthy by now.
   */
  String resume() {
    UpgradeRun run = executor.current();
    if (run != null) {
      if (run.control.stuck() == null) {
        throw new RefusedException(run.id() + " is under way: 'orchestrator watch' shows it");
      }
      run.control.retryNow();
      return run.id();
    }
    admission.requireAdmission();
    UpgradeRecord unfinished =
        needsAttention()
            .orElseThrow(() -> new RefusedException("nothing needs attention: nothing to resume"));
    refuseOnFailure(supervisor::superviseOnce);
    Generation serving = requirements.requireServing("resume");
    List<String> problems = refuseOnFailure(() -> context.checkHealth(serving));
    if (!problems.isEmpty()) {
      throw new RefusedException(
          serving.version() + " is not healthy yet: " + String.join("; ", problems));
    }
    journal.settle(unfinished.id(), serving.version() + " is healthy since");
    return unfinished.id();
  }

  private Optional<UpgradeRecord> needsAttention() {
    return journal.history().stream()
        .findFirst()
        .filter(run -> run.outcome() == Outcome.NEEDS_ATTENTION);
  }
}
