package dev.orchestrator.stack;

import static dev.orchestrator.stack.StackRequirements.refuseOnFailure;

import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.upgrade.UpgradeContext;
import java.util.List;

/** Takes a stack down, and removes what it has where that is asked for. Thread-safe. */
final class StackRemoval {
  private final UpgradeContext context;
  private final StackRequirements requirements;
  private final RunAdmission admission;
  private final BackupService backups;
  private final Journal journal;

  StackRemoval(
      UpgradeContext context,
      StackRequirements requirements,
      RunAdmission admission,
      BackupService backups) {
    this.context = context;
    this.requirements = requirements;
    this.admission = admission;
    this.backups = backups;
    this.journal = context.journal();
  }

  /** Returns how many images were removed. */
  int down(Control.Removal removal) {
    admission.requireAdmission();
    journal.serving().ifPresent(requirements::requireNotTakenOver);
    if (journal.running().isPresent() || !context.servingLock().acquire(StackControl.WAIT_LIMIT)) {
      throw new RefusedException(
          "a run is under way, or the stack is being started: wait for its end ('orchestrator"
              + " watch')");
    }
    try {
      return refuseOnFailure(() -> takeDown(removal));
    } finally {
      context.servingLock().release();
    }
  }

  private int takeDown(Control.Removal removal) {
    if (removal != Control.Removal.NOTHING && backups.isBusy()) {
      throw new NotYetException(
          "a backup is under way, which reads or writes volumes: wait for its end, or 'orchestrator"
              + " abort'");
    }
    journal.setDown(true);
    context.traffic().stopListening();
    journal
        .serving()
        .ifPresent(serving ->
            context.engine().stopContainer(serving.container(), UpgradeContext.STOP_TIMEOUT));
    if (removal != Control.Removal.NOTHING) {
      context.retention().removeAll();
      journal.forget();
    }
    return removal == Control.Removal.IMAGES ? context.builder().prune(List.of()) : 0;
  }
}
