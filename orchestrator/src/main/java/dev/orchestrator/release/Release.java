package dev.orchestrator.release;

import java.nio.file.Path;

/**
 * A version of the stack as its author wrote it.
 *
 * @param folder {@code releases/VERSION} of the stack's folder
 * @param composeFile name of the compose file in that folder
 */
public record Release(String version, Path folder, String composeFile) {}
