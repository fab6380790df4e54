package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.journal.Generation;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Capsules that are made to be looked at and thrown away, for a proof or a rehearsal: on volumes of
 * their own, in a network of their own without a way out, and no route leads to them. What asks
 * them from this host is answered. Blocks; on the run's thread.
 */
public final class IsolatedCapsules {
  private final UpgradeContext context;

  IsolatedCapsules(UpgradeContext context) {
    this.context = context;
  }

  /**
   * Makes the volumes and the container of a generation; its services are created and not started.
   *
   * @return one line on what was made
   */
  public String create(Generation generation, String run) {
    createVolumes(generation, run);
    return createCapsule(generation, run, Set.of(), List.of());
  }

  /**
   * Makes the container on the volumes, which are there.
   *
   * @param aside names of data volumes into which the capsule may put nothing, beside those that
   *     are copied
   * @param leftOut services that are not in it
   */
  String createCapsule(
      Generation generation, String run, Collection<String> aside, Collection<String> leftOut) {
    removeLeftNetworks();
    String network = context.names().network(generation.number());
    context.engine().createIsolatedNetwork(network, context.names().helperLabels(run, "network"));
    createContainer(generation, run, aside, leftOut);
    return "%s in network %s, inner engine ready, services created"
        .formatted(generation.container(), network);
  }

  /** Another version in the place of the one that has run there, on the same data. */
  void replace(
      Generation generation, String run, Collection<String> aside, Collection<String> leftOut) {
    context.engine().removeContainer(generation.container());
    context.engine().removeVolume(generation.storeVolume());
    createVolume(generation.storeVolume(), "store", generation, run);
    createContainer(generation, run, aside, leftOut);
  }

  private void createContainer(
      Generation generation, String run, Collection<String> aside, Collection<String> leftOut) {
    Duration limit = context.limits().ready();
    context.createIsolatedContainer(generation, run, context.names().network(generation.number()));
    context.engine().startContainer(generation.container());
    Capsule capsule = context.capsule(generation);
    capsule.awaitReady(limit);
    capsule.isolate(limit);
    if (!leftOut.isEmpty()) {
      capsule.leaveOut(leftOut, limit);
    }
    Set<String> filled = new TreeSet<>(aside);
    DataTransfer.copiedVolumes(generation).forEach(volume -> filled.add(volume.name()));
    capsule.create(filled, limit);
  }

  /** What an earlier capsule of this kind could not remove. */
  private void removeLeftNetworks() {
    context
        .engine()
        .networks(context.names().stackLabels())
        .forEach(network -> context.engine().removeNetwork(network));
  }

  void createVolumes(Generation generation, String run) {
    for (DataVolume volume : generation.volumes()) {
      if (volume.method() != Method.ATTACH) {
        createVolume(volume.volume(), "data", generation, run);
      }
    }
    createVolume(generation.storeVolume(), "store", generation, run);
  }

  private void createVolume(String name, String role, Generation generation, String run) {
    context.engine().createVolume(name, context.names().generationLabels(generation, run, role));
  }

  /** Starts the services, on data that is complete. */
  public void start(Generation generation, Duration limit, Consumer<String> progress) {
    take(generation);
    context.startServices(generation, limit, progress);
  }

  /** Mounts the data, which is this capsule's from now on. */
  void take(Generation generation) {
    Capsule capsule = context.capsule(generation);
    if (DataTransfer.isCloned(generation)) {
      capsule.mount(context.limits().ready());
    }
    capsule.lease(generation.number(), context.limits().ready());
  }

  /** Removes all that was made. Safe to repeat. */
  public void remove(Generation generation) {
    context.retention().remove(generation);
    context.engine().removeNetwork(context.names().network(generation.number()));
  }
}
