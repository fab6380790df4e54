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
 * Short-lived containers and volumes of a build. Each is removed when it is closed; what a crash
 * left behind is found by its labels. Any thread.
 */
public final class BuildHelpers {
  /** A helper that nobody removes ends by itself. */
  private static final Duration LIFE = Duration.ofHours(2);

  private static final List<String> ROLES = List.of("ask", "compose", "layer", "pack");

  private final Engine engine;
  private final String stack;
  private final Map<String, String> owner;

  /**
   * Helpers on this engine.
   *
   * @param owner labels of the service that everything it makes carries
   */
  public BuildHelpers(Engine engine, String stack, Map<String, String> owner) {
    this.engine = engine;
    this.stack = stack;
    this.owner = owner;
  }

  /** Something on the engine that is removed when it is closed. */
  public record Helper(String name, Runnable removal) implements AutoCloseable {
    @Override
    public void close() {
      removal.run();
    }
  }

  /** Creates a container that does nothing; files can be put into it, and commands run in it. */
  public Helper idle(String role, String image, List<Mount> mounts) {
    return create(
        role, image, List.of("sleep", LIFE.toSeconds() + ""), mounts, ContainerSecurity.DEFAULT);
  }

  /** The same, with a command of its own and more rights; without a network. */
  public Helper create(
      String role,
      String image,
      List<String> command,
      List<Mount> mounts,
      ContainerSecurity security) {
    String name = name(role);
    engine.createContainer(
        ContainerSpec.helper(name, image, command, labels(role), mounts, security));
    return new Helper(name, () -> engine.removeContainer(name));
  }

  public Helper volume(String role) {
    String name = name(role);
    engine.createVolume(name, labels(role));
    return new Helper(name, () -> engine.removeVolume(name));
  }

  /** Removes what an earlier run of the same owner left behind when it was killed. */
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
