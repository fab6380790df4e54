package dev.orchestrator.engine;

import java.util.List;

/**
 * The rights of a container, as far as they differ from the engine's default.
 *
 * @param dropAll whether every default capability is taken away, so that {@code capabilities} are
 *     all that it has
 * @param capabilities without the {@code CAP_} prefix
 * @param options such as {@code seccomp=unconfined}
 * @param maskedPaths whether parts of /proc and /sys are hidden or read-only, as by default; false
 *     for a capsule, whose inner engine writes there
 */
public record ContainerSecurity(
    boolean privileged,
    boolean dropAll,
    List<String> capabilities,
    List<String> options,
    List<String> deviceCgroupRules,
    boolean maskedPaths) {

  public static final ContainerSecurity DEFAULT =
      new ContainerSecurity(false, List.of(), List.of(), List.of(), true);

  /** With capabilities on top of the default ones. */
  public ContainerSecurity(
      boolean privileged,
      List<String> capabilities,
      List<String> options,
      List<String> deviceCgroupRules,
      boolean maskedPaths) {
    this(privileged, false, capabilities, options, deviceCgroupRules, maskedPaths);
  }

  /** These capabilities and no others; everything else as by default. */
  public static ContainerSecurity only(String... capabilities) {
    return new ContainerSecurity(false, true, List.of(capabilities), List.of(), List.of(), true);
  }
}
