package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/** Starts green's services: from here on it may write to its data. */
final class StartStep extends Step {
  /**
   * Time that a container gets to stop when its services could not be stopped; then it is killed.
   */
  private static final Duration GRACE = Duration.ofSeconds(10);

  StartStep() {
    super("start", "starts green's services", "green's services are stopped");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.UNDO;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  @Override
  public boolean runsCandidate() {
    return true;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Capsule capsule = context.capsule(run.green());
    capsule.lease(run.green().number(), run.budget(context.limits().ready()));
    context.startServices(run.green(), run.budget(context.limits().verify().deadline()), progress);
    if (run.holdsClients()) {
      context.hooks().runAfter(run.id(), capsule);
    }
    context.traffic().preview(context.backend(run.green()));
    return run.green().version() + "'s services started";
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return stopServices(run.green(), context);
  }

  /** Stops green's services, or green's container where the services can't be stopped. */
  static String stopServices(Generation green, UpgradeContext context) {
    Optional<ContainerInfo> container = context.engine().container(green.container());
    if (container.isEmpty() || !container.get().running()) {
      return "";
    }
    try {
      context.capsule(green).stop(UpgradeContext.STOP_TIMEOUT);
    } catch (CapsuleException e) {
      // The inner engine may hang. Nothing of green may run when blue does, so stop the container.
      context.engine().stopContainer(green.container(), GRACE);
      return green.container() + " stopped, as it could not be told to stop its services";
    }
    return green.version() + "'s services stopped";
  }
}
