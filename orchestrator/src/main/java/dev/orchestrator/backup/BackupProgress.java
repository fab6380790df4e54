package dev.orchestrator.backup;

/** How far a backup or a restore is. The total grows while restic still lists the files. */
public record BackupProgress(long filesDone, long files, long bytesDone, long bytes) {}
