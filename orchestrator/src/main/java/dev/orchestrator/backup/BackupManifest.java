package dev.orchestrator.backup;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.common.Json;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What is in a backup, in a file of its own beside the folders of the volumes, so that a host that
 * knows nothing of the stack can bring it back. JSON: component names are a contract.
 *
 * @param format {@link #FORMAT}, or a later one
 * @param content digest of the version as its author wrote it
 * @param image the engine's id of the version's image, where the backup was made
 * @param ports from {@code service:port} to the port of the capsule's address
 * @param created the moment that the data is of
 * @param bytes size of the data; -1 where it is not known
 * @param released whether the version's release is in the backup
 * @param missing names of the data volumes that are not in the backup
 */
public record BackupManifest(
    int format,
    String stack,
    String version,
    String content,
    String image,
    Map<String, Integer> ports,
    String snapshot,
    Instant created,
    long bytes,
    List<Volume> volumes,
    boolean released,
    List<String> missing) {

  /** Its name in the backup. */
  public static final String FILE = "orchestrator.json";

  /** The folder in the backup with the stack's folder: stack.conf, and the version's release. */
  public static final String RELEASE = "release";

  /** The format that this program writes, and the newest that it reads. */
  public static final int FORMAT = 1;

  /**
   * A data volume, which is a folder of its name in the backup.
   *
   * @param paths the paths below /data that it holds in place of the main volume
   */
  public record Volume(String name, List<String> paths) {
    public Volume {
      paths = List.copyOf(paths);
    }
  }

  public BackupManifest {
    ports = Map.copyOf(ports);
    volumes = List.copyOf(volumes);
    missing = List.copyOf(missing);
  }

  static BackupManifest read(JsonNode document) {
    if (document.path("format").asInt() > FORMAT) {
      throw new BackupException(
          Kind.OTHER,
          "the backup was made by a newer version of the orchestrator (format %s); use that"
              .formatted(document.path("format").asText()));
    }
    try {
      return Json.read(document.toString(), BackupManifest.class);
    } catch (IllegalArgumentException | NullPointerException e) {
      throw new BackupException(
          Kind.OTHER, "%s in the backup can't be read: %s".formatted(FILE, e.getMessage()), e);
    }
  }
}
