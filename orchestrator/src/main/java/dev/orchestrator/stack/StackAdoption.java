package dev.orchestrator.stack;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.adopt.OriginalJson;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.release.Releases;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.util.Map;
import java.util.Optional;

/** The compose project in whose place a stack serves, or is to serve. Thread-safe. */
final class StackAdoption {
  private final UpgradeContext context;
  private final Releases releases;
  private final StackRequirements requirements;
  private final RunAdmission admission;
  private final RunExecutor executor;
  private final Journal journal;

  StackAdoption(
      UpgradeContext context,
      Releases releases,
      StackRequirements requirements,
      RunAdmission admission,
      RunExecutor executor) {
    this.context = context;
    this.releases = releases;
    this.requirements = requirements;
    this.admission = admission;
    this.executor = executor;
    this.journal = context.journal();
  }

  /**
   * Adopts a compose project that runs on the engine's host: its data is copied, its containers are
   * stopped and stay, and the newest release of this stack serves at its ports. The stack must
   * never have been up.
   *
   * @return the run's id
   */
  String begin(Original original) {
    requireAdoptable();
    StackRequirements.refuseOnFailure(requirements::refuseUnknownData);
    String version = releases.newest();
    return executor.start(() ->
        new UpgradeRun(
            journal.begin(
                Kind.ADOPT,
                original.project(),
                version,
                null,
                null,
                Map.of(UpgradeRun.ORIGINAL_KEY, OriginalJson.write(original))),
            UpgradePlans.ADOPT,
            null,
            null,
            original));
  }

  /**
   * Requires the stack to be one that a project can be adopted into now.
   *
   * @throws RefusedException when it has a run under way, data of its own or a project
   */
  void requireAdoptable() {
    admission.requireAdmission();
    journal
        .running()
        .ifPresent(run -> {
          throw new RefusedException(
              "stack %s: %s is under way: 'orchestrator --stack %s watch' shows it"
                  .formatted(
                      context.settings().stack().name(),
                      run.id(),
                      context.settings().stack().name()));
        });
    journal
        .adoption()
        .ifPresent(run -> {
          throw new RefusedException(
              "project %s was adopted before (%s): 'orchestrator adopt --undo' first"
                  .formatted(run.fromVersion(), run.id()));
        });
    Optional<Generation> serving = journal.serving();
    if (serving.isPresent()) {
      throw new RefusedException(
          "stack %s has data of its own, and is at %s: adopt into a stack that was never up"
              .formatted(context.settings().stack().name(), serving.get().version()));
    }
  }

  /** Whether a run of this stack has adopted that project, even if it failed or was undone. */
  boolean hasAdopted(String project) {
    return journal.history().stream()
        .anyMatch(run -> run.kind() == Kind.ADOPT && run.fromVersion().equals(project));
  }

  /**
   * The compose project in whose place this stack serves, or is about to serve; empty where it was
   * not adopted, or that was undone.
   */
  Optional<String> project() {
    return journal
        .running()
        .filter(run -> run.kind() == Kind.ADOPT)
        .or(journal::adoption)
        .map(UpgradeRecord::fromVersion);
  }
}
