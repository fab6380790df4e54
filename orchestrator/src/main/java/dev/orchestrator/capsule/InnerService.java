package dev.orchestrator.capsule;

import java.time.Duration;
import java.util.List;

/**
 * An inner service, as the capsule reports it. A capsule that was built before something was
 * reported leaves it out: then the values of {@link #InnerService(String, String, String, int, int,
 * String)} hold.
 *
 * @param state Docker's word for it, or {@code missing}
 * @param health "healthy", "unhealthy", "starting", or "none"
 * @param restarts how often the inner engine has restarted it
 * @param checkOutput printed by the last run of its health check; empty when the service is healthy
 *     or has no check
 * @param dependsOn services that the compose file starts before it
 * @param mayEnd whether it is a task, so that an end with code 0 is its purpose
 * @param firstCheck time from its start to the first run of its health check; zero when the check
 *     has run, or there is none
 * @param nextCheck time from now to the engine's next run of its health check; zero where it has
 *     none or does not run
 * @param retries so many failures of its health check in a row make it unhealthy
 * @param heals how often the capsule has restarted it because it was unhealthy
 * @param recentEnds how often it has ended with an error in the last five minutes
 */
public record InnerService(
    String service,
    String state,
    String health,
    int exitCode,
    int restarts,
    String startedAt,
    String checkOutput,
    List<String> dependsOn,
    boolean mayEnd,
    Duration firstCheck,
    Duration nextCheck,
    int retries,
    int heals,
    int recentEnds) {
  /** The engine's own, for a check that doesn't say. */
  public static final int RETRIES = 3;

  /** A service of which nothing more is known. */
  public InnerService(
      String service, String state, String health, int exitCode, int restarts, String startedAt) {
    this(service, state, health, exitCode, restarts, startedAt, "");
  }

  /** A service of which nothing is known but its state and its check. */
  public InnerService(
      String service,
      String state,
      String health,
      int exitCode,
      int restarts,
      String startedAt,
      String checkOutput) {
    this(
        service,
        state,
        health,
        exitCode,
        restarts,
        startedAt,
        checkOutput,
        List.of(),
        true,
        Duration.ZERO,
        Duration.ZERO,
        RETRIES,
        0,
        0);
  }

  /** Whether it runs and its health check has neither passed nor failed for good. */
  public boolean starting() {
    return state.equals("running") && health.equals("starting");
  }
}
