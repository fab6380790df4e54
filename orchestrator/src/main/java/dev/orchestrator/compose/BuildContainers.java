package dev.orchestrator.compose;

import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.engine.VolumeInfo;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Makes the short-lived containers and volumes of a build. Each is removed when it is closed; those
 * that a crash left behind are found by their labels. Any thread.
 */
public final class BuildContainers {
  /** A container that a crash left behind ends by itself after this time. */
  private static final Duration LIFE = Duration.ofHours(2);

  private static final List<String> ROLES = List.of("ask", "compose", "layer", "pack", "try");

  private final Engine engine;
  private final String stack;
  private final Map<String, String> owner;

  /**
   * Makes containers and volumes on this engine.
   *
   * @param owner labels of the service, which everything that it makes carries
   */
  public BuildContainers(Engine engine, String stack, Map<String, String> owner) {
    this.engine = engine;
    this.stack = stack;
    this.owner = owner;
  }

  /** A container or a volume, which is removed when this is closed. */
  public record Temporary(String name, Runnable removal) implements AutoCloseable {
    @Override
    public void close() {
      removal.run();
    }
  }

  /** Creates a container that does nothing: to put files into it, and to run commands in it. */
  public Temporary idle(String role, String image, List<Mount> mounts) {
    return create(
        role, image, List.of("sleep", LIFE.toSeconds() + ""), mounts, ContainerSecurity.DEFAULT);
  }

  /** Creates a container without a network that runs a command. */
  public Temporary create(
      String role,
      String image,
      List<String> command,
      List<Mount> mounts,
      ContainerSecurity security) {
    String name = name(role);
    engine.createContainer(
        ContainerSpec.helper(name, image, command, labels(role), mounts, security));
    return new Temporary(name, () -> engine.removeContainer(name));
  }

  /** Creates a container that does nothing, in the network of the engine's host. */
  public Temporary inHostNetwork(String role, String image) {
    String name = name(role);
    engine.createContainer(
        ContainerSpec.helper(
                name, image, List.of("true"), labels(role), List.of(), ContainerSecurity.DEFAULT)
            .withNetwork("host"));
    return new Temporary(name, () -> engine.removeContainer(name));
  }

  /** Creates a volume. */
  public Temporary volume(String role) {
    String name = name(role);
    engine.createVolume(name, labels(role));
    return new Temporary(name, () -> engine.removeVolume(name));
  }

  /** Removes what an earlier build of the same owner left behind when it was killed. */
  public void sweep() {
    for (String role : ROLES) {
      for (ContainerInfo container : engine.containers(labels(role))) {
        engine.removeContainer(container.name());
      }
      for (VolumeInfo volume : engine.volumes(labels(role))) {
        engine.removeVolume(volume.name());
      }
    }
  }

  private Map<String, String> labels(String role) {
    Map<String, String> labels = new TreeMap<>(owner);
    labels.putAll(Labels.role(role));
    labels.put(Labels.STACK, stack);
    return labels;
  }

  private String name(String role) {
    return "orchestrator-%s-%s-%s"
        .formatted(stack, role, UUID.randomUUID().toString().substring(0, 8));
  }
}
