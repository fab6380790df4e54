package dev.orchestrator.data;

/**
 * What was written to a volume since a moment.
 *
 * @param files changed or new
 * @param bytes sizes of those files
 * @param deleted that were there before
 */
public record Changes(long files, long bytes, long deleted) {}
