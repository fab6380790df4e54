package dev.orchestrator.data;

import java.util.List;

/**
 * Volumes, folders and files of the engine's host that are no data volume of ours, each at a place
 * of its own: together they look like a data volume. They are only read.
 *
 * @param description what they belong to, for messages
 */
public record HostData(String description, List<Part> parts) implements CopySource {

  /**
   * A volume, folder or file.
   *
   * @param path its place, such as {@code volumes/db} or {@code binds/conf}
   * @param source name of a volume of the engine, or an absolute path of its host
   * @param file whether it is a single file: a program that replaces it by another leaves the old
   *     one behind where it is mounted
   */
  public record Part(String path, String source, boolean file) {}

  public HostData {
    parts = List.copyOf(parts);
  }

  boolean hasFiles() {
    return parts.stream().anyMatch(Part::file);
  }
}
