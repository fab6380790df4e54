package dev.orchestrator.proxy.stats;

import java.time.Duration;

/**
 * How long connections and requests waited at the gate, from their arrival until they had a
 * connection to their target.
 *
 * @param held connections and requests that arrived at, or waited for, a held gate
 * @param served the number of those that reached a target; the durations are of these
 * @param longest exact; zero when none was served
 * @param p50 within 7 %
 * @param p99 within 7 %
 */
public record HoldStats(long held, long served, Duration longest, Duration p50, Duration p99) {}
