package dev.orchestrator.backup;

import dev.orchestrator.files.TarArchive;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is backed up, or where a backup is restored to. Nobody else may write to it meanwhile: it is
 * a snapshot, or a new volume.
 */
public sealed interface BackupSource {

  /**
   * A folder of this host. What is in it is backed up: its own owner, mode and time are not, as it
   * stands for the folder of the volumes below.
   */
  record Folder(Path path) implements BackupSource {}

  /**
   * Volumes of the engine: in the backup each is a folder with the part's name.
   *
   * @param files what stands beside these folders; null for nothing
   */
  record Volumes(List<Part> parts, @Nullable TarArchive files) implements BackupSource {
    public Volumes {
      parts = List.copyOf(parts);
    }

    /** Volumes alone. */
    public Volumes(List<Part> parts) {
      this(parts, null);
    }
  }

  /**
   * A volume.
   *
   * @param name of the data volume in the stack: {@code data}, or its name in stack.conf
   * @param volume its name on the engine; of a layered volume, a volume that shows all its layers
   */
  record Part(String name, String volume) {}

  /** For a question to the repository alone. */
  static BackupSource none() {
    return new Volumes(List.of());
  }
}
