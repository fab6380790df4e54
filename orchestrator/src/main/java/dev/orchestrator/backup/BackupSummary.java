package dev.orchestrator.backup;

/**
 * What a backup has done.
 *
 * @param id of the snapshot of restic; restic 0.14 gives its first eight digits
 * @param files that were read or found unchanged
 * @param bytes of all files
 * @param added bytes that the repository did not have
 */
public record BackupSummary(String id, long files, long bytes, long added) {}
