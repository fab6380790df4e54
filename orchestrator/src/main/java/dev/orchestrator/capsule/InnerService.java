package dev.orchestrator.capsule;

/**
 * An inner service, as the capsule tells.
 *
 * @param state Docker's word for it, or {@code missing}
 * @param health "healthy", "unhealthy", "starting", or "none"
 */
public record InnerService(
    String service, String state, String health, int exitCode, int restarts, String startedAt) {}
