package dev.orchestrator.upgrade;

import java.time.Instant;

/**
 * An event of a run, as watchers and the API get it.
 *
 * @param sequence grows from event to event of a run; the same after a restart of the service
 * @param phase {@code intent}, {@code progress}, {@code done}, {@code failed}, {@code undo}, {@code
 *     undone}, {@code stuck}, and at last {@code end} with the outcome as its step
 */
public record RunEvent(
    String upgrade, long sequence, Instant at, String step, String phase, String text) {}
