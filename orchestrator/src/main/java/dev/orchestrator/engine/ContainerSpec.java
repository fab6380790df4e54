package dev.orchestrator.engine;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A container to create.
 *
 * @param entrypoint empty: the image's own
 * @param command empty: the image's own
 * @param tmpfs paths that are memory file systems, each with mount options after a colon if needed
 * @param network {@code "none"}, {@code "bridge"} or the name of a network
 * @param stopTimeout how long a plain {@code docker stop} and a shutdown of the engine wait before
 *     they kill the container
 * @param logOptions of the engine's default log driver, such as {@code max-size}; empty: the
 *     engine's own
 */
public record ContainerSpec(
    String name,
    String image,
    List<String> entrypoint,
    List<String> command,
    Map<String, String> env,
    Map<String, String> labels,
    List<Mount> mounts,
    List<String> tmpfs,
    String network,
    ContainerSecurity security,
    Duration stopTimeout,
    Map<String, String> logOptions) {

  /**
   * A short-lived container: root without network, default rights, the image's entry point
   * replaced.
   */
  public static ContainerSpec helper(
      String name,
      String image,
      List<String> command,
      Map<String, String> labels,
      List<Mount> mounts) {
    return new ContainerSpec(
        name,
        image,
        List.of(command.getFirst()),
        command.subList(1, command.size()),
        Map.of(),
        labels,
        mounts,
        List.of(),
        "none",
        ContainerSecurity.DEFAULT,
        Duration.ofSeconds(10),
        Map.of());
  }

  /** The same container with other options of the engine's log driver. */
  public ContainerSpec withLogOptions(Map<String, String> options) {
    return new ContainerSpec(
        name,
        image,
        entrypoint,
        command,
        env,
        labels,
        mounts,
        tmpfs,
        network,
        security,
        stopTimeout,
        options);
  }
}
