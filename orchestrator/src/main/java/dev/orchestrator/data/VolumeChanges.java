package dev.orchestrator.data;

/**
 * What was written to a volume since a moment.
 *
 * @param files changed or new
 * @param bytes sizes of those files
 * @param deleted that were there before
 */
public record VolumeChanges(long files, long bytes, long deleted) {}
