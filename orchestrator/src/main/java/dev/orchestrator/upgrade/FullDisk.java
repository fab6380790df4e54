package dev.orchestrator.upgrade;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import java.time.Duration;
import java.util.Locale;

/** Finds out whether the engine's disk is full, on which no service is healthy. */
final class FullDisk {
  /** With less free space services can't be expected to start. */
  private static final long FULL = 32_000_000;

  private static final Duration LOOK_LIMIT = Duration.ofSeconds(30);

  private FullDisk() {}

  /**
   * That the engine's disk is full, as the beginning of a message; empty where it is not, or can't
   * be looked at. For runs in which no client waits.
   *
   * @param run in the labels of the helper that looks
   * @param advice what to do
   */
  static String describe(UpgradeContext context, String run, String advice) {
    try {
      long free =
          context.copier().free(context.names().helperLabels(run, ResourceNames.LOOK), LOOK_LIMIT);
      return free < FULL
          ? "the disk where the engine keeps its volumes is full (%s free): %s; "
              .formatted(HumanText.bytes(free), advice)
          : "";
    } catch (DataException | EngineException e) {
      return String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("no space left")
          ? "the disk where the engine keeps its volumes is full: " + advice + "; "
          : "";
    }
  }
}
