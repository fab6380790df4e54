package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.MemoryUse;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.journal.Generation;
import java.util.ArrayList;
import java.util.List;

/**
 * What a rehearsal on this host can't show, and what it may not take from what serves beside it.
 * Blocks; any thread.
 */
public final class RehearsalLimits {
  /** Of the host's memory, that a rehearsal leaves. */
  static final long MEMORY_LEFT = 256_000_000;

  private final UpgradeContext context;

  RehearsalLimits(UpgradeContext context) {
    this.context = context;
  }

  /** The services that are not started in a rehearsal. */
  List<String> leftOut() {
    return context.limits().rehearse().skip();
  }

  /**
   * Refuses a rehearsal for which the host has too little memory: it runs beside what serves, and
   * takes about as much. Where neither is known, nothing is refused.
   */
  public void requireMemory(Generation blue) {
    MemoryUse memory;
    try {
      memory = context.capsule(blue).memory(context.briefTimeout());
    } catch (CapsuleException e) {
      return; // The kernel does not count it, or what serves is away, which other checks tell.
    }
    if (memory.used() + MEMORY_LEFT > memory.available()) {
      throw new RefusedException(
          "not enough memory: what serves takes %s, a rehearsal takes as much again and leaves %s, and %s are available"
              .formatted(
                  HumanText.bytes(memory.used()),
                  HumanText.bytes(MEMORY_LEFT),
                  HumanText.bytes(memory.available())));
    }
  }

  /**
   * How a rehearsal differs from the upgrade in what the host gives it, a line each: a version that
   * fails in it may be good where there is any.
   *
   * @param image of the version
   */
  public List<String> differences(Generation blue, String image) {
    HostGrants grants = context.builder().grants(image);
    List<String> lines = new ArrayList<>();
    add(
        lines,
        "paths of the host are read-only in a rehearsal: ",
        grants.paths().stream()
            .filter(path -> !path.readOnly())
            .map(HostGrants.Path::path)
            .toList());
    add(
        lines,
        "devices that only one can use are not in a rehearsal: ",
        grants.devices().stream().filter(device -> !HostGrants.isShared(device)).toList());
    add(
        lines,
        "empty in a rehearsal, as it is attached and its files change: ",
        context.planner().leftOutOfSnapshot(blue));
    return lines;
  }

  /** The same, and what the settings leave out. */
  public List<String> describe(Generation blue, String image) {
    List<String> lines = new ArrayList<>(differences(blue, image));
    add(lines, "not started in a rehearsal (rehearse.skip-services): ", leftOut());
    return lines;
  }

  private static void add(List<String> lines, String what, List<String> names) {
    if (!names.isEmpty()) {
      lines.add(what + String.join(", ", names));
    }
  }
}
