package dev.orchestrator.journal;

import java.time.Instant;

/** A version's content that failed: not tried again by itself. */
public record QuarantineRecord(String version, String content, String reason, Instant since) {}
