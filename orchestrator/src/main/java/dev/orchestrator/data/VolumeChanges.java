package dev.orchestrator.data;

/**
 * How much was written to a volume since a moment.
 *
 * @param files changed and new files
 * @param bytes size of those files
 * @param deleted files that were deleted
 */
public record VolumeChanges(long files, long bytes, long deleted) {}
