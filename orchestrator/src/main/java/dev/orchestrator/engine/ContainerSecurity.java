package dev.orchestrator.engine;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The rights of a container, as far as they differ from the engine's default.
 *
 * @param dropAll whether every default capability is taken away, so that {@code capabilities} are
 *     all that it has
 * @param capabilities without the {@code CAP_} prefix
 * @param options such as {@code seccomp=unconfined}
 * @param maskedPaths whether parts of /proc and /sys are hidden or read-only, as by default; false
 *     for a capsule, whose inner engine writes there
 * @param devices paths of the host's devices, which are at the same path in the container
 * @param limits of its processes by their names, such as {@code nofile}
 */
public record ContainerSecurity(
    boolean privileged,
    boolean dropAll,
    List<String> capabilities,
    List<String> options,
    List<String> deviceCgroupRules,
    boolean maskedPaths,
    List<String> devices,
    Map<String, Limit> limits) {

  /** A limit of processes, which they may raise to {@code hard}; -1 is none. */
  public record Limit(long soft, long hard) {}

  public static final ContainerSecurity DEFAULT =
      new ContainerSecurity(false, List.of(), List.of(), List.of(), true);

  /** With capabilities on top of the default ones. */
  public ContainerSecurity(
      boolean privileged,
      List<String> capabilities,
      List<String> options,
      List<String> deviceCgroupRules,
      boolean maskedPaths) {
    this(
        privileged,
        false,
        capabilities,
        options,
        deviceCgroupRules,
        maskedPaths,
        List.of(),
        Map.of());
  }

  /** These capabilities and no others; everything else as by default. */
  public static ContainerSecurity only(String... capabilities) {
    return new ContainerSecurity(
        false, true, List.of(capabilities), List.of(), List.of(), true, List.of(), Map.of());
  }

  /** These rights with more on top. */
  public ContainerSecurity with(
      List<String> moreCapabilities,
      List<String> moreDevices,
      List<String> moreRules,
      Map<String, Limit> raised) {
    return new ContainerSecurity(
        privileged,
        dropAll,
        joined(capabilities, moreCapabilities),
        options,
        joined(deviceCgroupRules, moreRules),
        maskedPaths,
        joined(devices, moreDevices),
        raised);
  }

  /** The same rights with these devices of the host alone. */
  public ContainerSecurity withDevices(List<String> others) {
    return new ContainerSecurity(
        privileged, dropAll, capabilities, options, deviceCgroupRules, maskedPaths, others, limits);
  }

  private static List<String> joined(List<String> some, List<String> others) {
    return Stream.concat(some.stream(), others.stream()).distinct().toList();
  }
}
