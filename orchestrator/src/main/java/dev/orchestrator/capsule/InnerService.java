package dev.orchestrator.capsule;

/**
 * An inner service, as the capsule reports it.
 *
 * @param state Docker's word for it, or {@code missing}
 * @param health "healthy", "unhealthy", "starting", or "none"
 * @param restarts how often the inner engine has restarted it
 * @param checkOutput printed by the last run of its health check; empty when the service is
 *     healthy, has no check, or is in a capsule that was built before this was reported
 */
public record InnerService(
    String service,
    String state,
    String health,
    int exitCode,
    int restarts,
    String startedAt,
    String checkOutput) {

  /** A service whose health check has printed nothing. */
  public InnerService(
      String service, String state, String health, int exitCode, int restarts, String startedAt) {
    this(service, state, health, exitCode, restarts, startedAt, "");
  }
}
