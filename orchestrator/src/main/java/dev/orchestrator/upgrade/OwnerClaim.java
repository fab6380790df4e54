package dev.orchestrator.upgrade;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Generation;
import java.util.Map;

/**
 * Which orchestrator a capsule on another host belongs to, so that never two do something with it.
 * An empty volume on that engine says so: to create a volume is atomic, and a second owner finds
 * it. A run of this service has it for as long as the run lasts; the orchestrator there takes it
 * for good.
 */
public final class OwnerClaim {
  private static final String ROLE = "owner";

  private final UpgradeContext context;

  OwnerClaim(UpgradeContext context) {
    this.context = context;
  }

  /** The name of the volume for a capsule's container. */
  public static String volume(String container) {
    return container + "-owner";
  }

  /** The labels of an owner's volume. */
  public static Map<String, String> labels(Map<String, String> stackLabels) {
    return Labels.with(stackLabels, Labels.ROLE, ROLE);
  }

  /** Whose a capsule on another host is. */
  private enum Owner {
    NOBODY,
    OURS,
    ANOTHER
  }

  private Owner owner(Generation generation) {
    String ours = context.names().stackLabels().getOrDefault(Labels.HOME, "");
    return context
        .engine()
        .volume(volume(generation.container()))
        .map(volume ->
            volume.labels().getOrDefault(Labels.HOME, "").equals(ours) ? Owner.OURS : Owner.ANOTHER)
        .orElse(Owner.NOBODY);
  }

  /** Whether the orchestrator there has taken a capsule over; asks the other engine. */
  public boolean isTakenOver(Generation generation) {
    return generation.elsewhere() != null && owner(generation) == Owner.ANOTHER;
  }

  /**
   * The same, and gives back what a run has left. To be called with the {@link ServingLock}: a run
   * that needs the claim makes sure of it when it has that lock.
   */
  public boolean isTakenOverBetweenRuns(Generation generation) {
    if (generation.elsewhere() == null) {
      return false;
    }
    Owner owner = owner(generation);
    if (owner == Owner.OURS && context.journal().running().isEmpty()) {
      context.engine().removeVolume(volume(generation.container()));
    }
    return owner == Owner.ANOTHER;
  }

  /** Takes it for a run; nothing for a capsule of this host. */
  public void acquire(Generation generation) {
    if (generation.elsewhere() == null) {
      return;
    }
    try {
      context
          .engine()
          .createVolume(volume(generation.container()), labels(context.names().stackLabels()));
    } catch (EngineException e) {
      if (e.kind() != EngineException.Kind.CONFLICT) {
        throw e;
      }
      throw new RefusedException(
          "the orchestrator on %s has taken the stack over: go on there; 'orchestrator move --done' ends what is left of it here"
              .formatted(generation.elsewhere().address()),
          e);
    }
  }

  /** Gives it back after a run, unless it is another's. */
  public void release(Generation generation) {
    if (generation.elsewhere() != null && !isTakenOver(generation)) {
      context.engine().removeVolume(volume(generation.container()));
    }
  }
}
