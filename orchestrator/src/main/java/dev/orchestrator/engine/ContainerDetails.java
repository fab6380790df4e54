package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * All of a container that another program may have set, such as Compose.
 *
 * @param image as it was named when the container was created
 * @param imageId of the image that it runs, {@code sha256:…}
 * @param env {@code NAME=value} lines, those of the image too; may be secrets
 * @param entrypoint of the container, or of its image
 * @param command of the container, or of its image
 * @param ports of the host that lead to it; those that are published while it runs
 * @param networks names of the networks that it is in
 * @param networkMode such as {@code bridge}, {@code host}, {@code container:ID} or a network's name
 * @param restartPolicy {@code no}, {@code always}, {@code unless-stopped}, {@code on-failure} or
 *     {@code on-failure:N}
 * @param health what its check says, in the word of the engine; empty without a check
 * @param stopTimeout how long it has to stop, where it was created with such a time; else zero
 * @param raw the engine's own answer, for what is asked seldom; has secrets
 */
public record ContainerDetails(
    String id,
    String name,
    String image,
    String imageId,
    String state,
    Map<String, String> labels,
    List<String> env,
    List<String> entrypoint,
    List<String> command,
    List<MountPoint> mounts,
    List<Port> ports,
    List<String> networks,
    String networkMode,
    String restartPolicy,
    String health,
    Duration stopTimeout,
    JsonNode raw) {

  public ContainerDetails {
    labels = Map.copyOf(labels);
    env = List.copyOf(env);
    entrypoint = List.copyOf(entrypoint);
    command = List.copyOf(command);
    mounts = List.copyOf(mounts);
    ports = List.copyOf(ports);
    networks = List.copyOf(networks);
  }

  /**
   * Something that is mounted in a container.
   *
   * @param type {@code volume}, {@code bind} or {@code tmpfs}
   * @param source name of a volume, or path of the host
   */
  public record MountPoint(String type, String source, String target, boolean readOnly) {}

  /**
   * A port of the host that leads to a container.
   *
   * @param hostAddress such as {@code 0.0.0.0} or {@code ::}
   * @param hostPort 0 while the container does not run, where the engine chooses it
   * @param protocol {@code tcp} or {@code udp}
   */
  public record Port(String hostAddress, int hostPort, int containerPort, String protocol) {}

  public boolean running() {
    return state.equals("running") || state.equals("paused") || state.equals("restarting");
  }

  /** The value of a label; empty when it has none of that name. */
  public String label(String name) {
    return labels.getOrDefault(name, "");
  }

  /** Without the variables, which may be secrets. */
  @Override
  public String toString() {
    return "ContainerDetails[name=%s, id=%s, image=%s, state=%s]".formatted(name, id, image, state);
  }
}
