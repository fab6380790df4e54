package dev.orchestrator.engine;

import java.time.Duration;

/**
 * The health check that an image declares. A time that the image doesn't set is zero: then the
 * engine's own default applies.
 *
 * @param interval from the end of a check to the begin of the next
 * @param startPeriod after a start, in which a failed check doesn't count
 * @param startInterval takes the place of the interval in that period
 */
public record ImageHealthCheck(Duration interval, Duration startPeriod, Duration startInterval) {}
