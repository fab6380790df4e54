package dev.orchestrator.report;

import dev.orchestrator.journal.UpgradeRecord;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code orchestrator status} shows.
 *
 * @param state {@code serving}, {@code upgrading}, {@code down}, {@code empty} (nothing brought up
 *     yet) or {@code needs attention}
 * @param attention what a person must know and can do about it; empty for nothing
 * @param serving null when empty
 * @param previous where a rollback would go
 * @param last one line on the last upgrade: what happened and why
 * @param nextRun of the schedule, or null
 */
public record Status(
    String stack,
    String state,
    String attention,
    @Nullable Side serving,
    @Nullable Side previous,
    List<Service> services,
    List<Route> routes,
    @Nullable UpgradeRecord running,
    String runningStep,
    @Nullable UpgradeRecord last,
    @Nullable Instant nextRun,
    String engine) {

  /** A generation in short. */
  public record Side(
      String version, int generation, String container, String state, Instant since) {}

  /** An inner service of the side that serves. */
  public record Service(String name, String state, String health, int restarts) {}

  /** A route with its traffic. */
  public record Route(
      String name,
      String address,
      String target,
      String gate,
      long open,
      long total,
      long heldNow) {}
}
