package dev.orchestrator.adopt;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A volume, folder or file that is copied into the stack's data. One of {@code volume} and {@code
 * folder} is set.
 *
 * @param path its place below the stack's data, such as {@code volumes/db} or {@code binds/conf};
 *     without the {@code extra/NAME/} of a data volume of its own (data.volumes)
 * @param volume name of a volume of the engine
 * @param folder a folder or a file of the host
 */
public record OriginalData(String path, @Nullable String volume, @Nullable Path folder) {}
