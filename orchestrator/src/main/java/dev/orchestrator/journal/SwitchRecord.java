package dev.orchestrator.journal;

import java.time.Instant;

/** The last switch of a run: to which generation, and when. */
public record SwitchRecord(int generation, Instant at) {}
