package dev.orchestrator.stack;

import dev.orchestrator.backup.ResticRunner;
import java.time.Instant;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the backups of a stack are made with.
 *
 * @param host name of this host, under which its backups are filed
 * @param nextRun the first time of the schedule after a moment; null for never
 */
public record BackupEnvironment(
    ResticRunner runner, String host, Function<Instant, @Nullable Instant> nextRun) {}
