package dev.orchestrator.engine;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

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
    return changed(spec -> spec.published = ports);
  }

  /** The same container from another image. */
  public ContainerSpec withImage(String other) {
    return changed(spec -> spec.image = other);
  }

  /** The same container with more variables; those that it has already stay. */
  public ContainerSpec withEnv(Map<String, String> more) {
    Map<String, String> all = new TreeMap<>(more);
    all.putAll(env);
    return changed(spec -> spec.env = all);
  }

  /** The same container in another network. */
  public ContainerSpec withNetwork(String other) {
    return changed(spec -> spec.network = other);
  }

  /** The same container with other mounts. */
  public ContainerSpec withMounts(List<Mount> others) {
    return changed(spec -> spec.mounts = others);
  }

  /** The same container with other name servers. */
  public ContainerSpec withNameServers(List<String> addresses) {
    return changed(spec -> spec.nameServers = addresses);
  }

  /** The same container with other rights. */
  public ContainerSpec withSecurity(ContainerSecurity other) {
    return changed(spec -> spec.security = other);
  }

  /** What a container may be another one by. */
  private static final class Draft {
    String image;
    Map<String, String> env;
    List<Mount> mounts;
    String network;
    List<String> nameServers;
    ContainerSecurity security;
    List<PublishedPort> published;

    Draft(ContainerSpec spec) {
      image = spec.image;
      env = spec.env;
      mounts = spec.mounts;
      network = spec.network;
      nameServers = spec.nameServers;
      security = spec.security;
      published = spec.published;
    }
  }

  private ContainerSpec changed(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return new ContainerSpec(
        name,
        draft.image,
        entrypoint,
        command,
        draft.env,
        labels,
        draft.mounts,
        tmpfs,
        draft.network,
        draft.nameServers,
        draft.security,
        stopTimeout,
        logOptions,
        draft.published);
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
