package dev.orchestrator.data;

import java.time.Duration;

/** What a pass of a copy moved. */
public record CopyReport(long files, long bytes, Duration took) {}
