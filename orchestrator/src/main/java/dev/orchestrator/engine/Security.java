package dev.orchestrator.engine;

import java.util.List;

/**
 * What a container may do beyond the default. {@code maskedPaths} false leaves /proc and /sys
 * unmasked, as the inner engine of a capsule needs.
 */
public record Security(
    boolean privileged,
    List<String> capabilities,
    List<String> options,
    List<String> deviceCgroupRules,
    boolean maskedPaths) {

  public static final Security DEFAULT = new Security(false, List.of(), List.of(), List.of(), true);
}
