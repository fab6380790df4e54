package dev.orchestrator.proxy.stats;

import java.time.Duration;

/**
 * How long connections waited at the gate, from their arrival until their target had accepted them.
 *
 * @param held connections that met a held gate
 * @param served those of them that reached a target; the durations are theirs
 * @param longest exact; zero when none was served
 * @param p50 within 7 %
 * @param p99 within 7 %
 */
public record HoldStats(long held, long served, Duration longest, Duration p50, Duration p99) {}
