package dev.orchestrator.journal;

import java.time.Instant;

/** A version that failed with a content: the schedule doesn't try that content again. */
public record QuarantineRecord(String version, String content, String reason, Instant since) {}
