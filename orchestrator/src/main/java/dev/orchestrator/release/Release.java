package dev.orchestrator.release;

import java.nio.file.Path;
import java.util.List;

/**
 * A version of the stack as its author wrote it.
 *
 * @param folder {@code releases/VERSION} of the stack's folder
 * @param composeFiles names of the compose files in that folder, in the order in which Compose
 *     merges them
 */
public record Release(String version, Path folder, List<String> composeFiles) {

  /** The names of the compose files, for a message. */
  public String composeFileNames() {
    return String.join(", ", composeFiles);
  }
}
