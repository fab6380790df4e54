package dev.orchestrator.upgrade;

import java.time.Instant;

/**
 * What happens in an upgrade, as it happens.
 *
 * @param phase {@code intent}, {@code progress}, {@code done}, {@code failed}, {@code undo}, {@code
 *     undone}, {@code stuck}, and at last {@code end} with the outcome as its step
 */
public record RunEvent(
    String upgrade, long sequence, Instant at, String step, String phase, String text) {}
