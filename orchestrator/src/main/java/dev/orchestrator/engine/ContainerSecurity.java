package dev.orchestrator.engine;

import java.util.List;

/**
 * What a container may do beyond the default, and below it: {@code dropAll} takes every default
 * capability away, so that {@code capabilities} are all that it has. {@code maskedPaths} false
 * leaves /proc and /sys unmasked, as the inner engine of a capsule needs.
 *
 * @param capabilities without the {@code CAP_} prefix
 * @param options such as {@code seccomp=unconfined}
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

  /** On top of the default capabilities. */
  public ContainerSecurity(
      boolean privileged,
      List<String> capabilities,
      List<String> options,
      List<String> deviceCgroupRules,
      boolean maskedPaths) {
    this(privileged, false, capabilities, options, deviceCgroupRules, maskedPaths);
  }

  /** These capabilities and no other; all else is the default. */
  public static ContainerSecurity only(String... capabilities) {
    return new ContainerSecurity(false, true, List.of(capabilities), List.of(), List.of(), true);
  }
}
