package dev.orchestrator.engine;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A container to create.
 *
 * @param entrypoint empty: the image's own
 * @param command empty: the image's own
 * @param tmpfs paths that are memory file systems, each with mount options after a colon if needed
 * @param network {@code "none"}, {@code "bridge"}, {@code "host"} or the name of a network
 * @param nameServers addresses; empty: the engine's own
 * @param stopTimeout how long a plain {@code docker stop} and a shutdown of the engine wait before
 *     they kill the container
 * @param logOptions of the engine's default log driver, such as {@code max-size}; empty: the
 *     engine's own
 * @param published ports that the engine opens on its host
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
    List<String> nameServers,
    ContainerSecurity security,
    Duration stopTimeout,
    Map<String, String> logOptions,
    List<PublishedPort> published) {

  /** A container of which no port is published. */
  public ContainerSpec(
      String name,
      String image,
      List<String> entrypoint,
      List<String> command,
      Map<String, String> env,
      Map<String, String> labels,
      List<Mount> mounts,
      List<String> tmpfs,
      String network,
      List<String> nameServers,
      ContainerSecurity security,
      Duration stopTimeout,
      Map<String, String> logOptions) {
    this(
        name,
        image,
        entrypoint,
        command,
        env,
        labels,
        mounts,
        tmpfs,
        network,
        nameServers,
        security,
        stopTimeout,
        logOptions,
        List.of());
  }

  /** The same container with ports that are published. */
  public ContainerSpec withPublished(List<PublishedPort> ports) {
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
        nameServers,
        security,
        stopTimeout,
        logOptions,
        ports);
  }

  /** The same container from another image. */
  public ContainerSpec withImage(String other) {
    return new ContainerSpec(
        name,
        other,
        entrypoint,
        command,
        env,
        labels,
        mounts,
        tmpfs,
        network,
        nameServers,
        security,
        stopTimeout,
        logOptions,
        published);
  }

  /** The same container with more variables; those that it has already stay. */
  public ContainerSpec withEnv(Map<String, String> more) {
    Map<String, String> all = new TreeMap<>(more);
    all.putAll(env);
    return new ContainerSpec(
        name,
        image,
        entrypoint,
        command,
        all,
        labels,
        mounts,
        tmpfs,
        network,
        nameServers,
        security,
        stopTimeout,
        logOptions,
        published);
  }

  /** The same container in another network. */
  public ContainerSpec withNetwork(String other) {
    return new ContainerSpec(
        name,
        image,
        entrypoint,
        command,
        env,
        labels,
        mounts,
        tmpfs,
        other,
        nameServers,
        security,
        stopTimeout,
        logOptions,
        published);
  }

  /** The same container with other mounts. */
  public ContainerSpec withMounts(List<Mount> others) {
    return new ContainerSpec(
        name,
        image,
        entrypoint,
        command,
        env,
        labels,
        others,
        tmpfs,
        network,
        nameServers,
        security,
        stopTimeout,
        logOptions,
        published);
  }

  /** The same container with other name servers. */
  public ContainerSpec withNameServers(List<String> addresses) {
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
        addresses,
        security,
        stopTimeout,
        logOptions,
        published);
  }

  /** Without the variables, which may be secrets. */
  @Override
  public String toString() {
    return "ContainerSpec[name=%s, image=%s, env=%s, labels=%s, mounts=%s]"
        .formatted(name, image, env.keySet(), labels, mounts);
  }

  /** A short-lived container without a network and with the engine's default rights. */
  public static ContainerSpec helper(
      String name,
      String image,
      List<String> command,
      Map<String, String> labels,
      List<Mount> mounts) {
    return helper(name, image, command, labels, mounts, ContainerSecurity.DEFAULT);
  }

  /**
   * A short-lived container without a network: it runs the command in place of the image's entry
   * point, and holds nothing that a shutdown of the engine must wait for.
   *
   * @param security other rights than the default are for an image of ours, whose programs want a
   *     fresh /run
   */
  public static ContainerSpec helper(
      String name,
      String image,
      List<String> command,
      Map<String, String> labels,
      List<Mount> mounts,
      ContainerSecurity security) {
    return new ContainerSpec(
        name,
        image,
        List.of(command.getFirst()),
        command.subList(1, command.size()),
        Map.of(),
        labels,
        mounts,
        security.equals(ContainerSecurity.DEFAULT) ? List.of() : List.of("/run"),
        "none",
        List.of(),
        security,
        Duration.ofSeconds(1),
        Map.of());
  }
}
