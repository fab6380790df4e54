package dev.orchestrator.journal;

import java.time.Instant;

/** The last switch that an upgrade made: to which generation, and when. */
public record SwitchRecord(int generation, Instant at) {}
