package dev.orchestrator.home;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * The files in the home folder that the service and its clients share. Both use this class, so that
 * the names of the files stand in one place. Safe for any thread.
 *
 * @param home the folder of the service's state
 */
public record HomeFiles(Path home) {

  /** The bearer token of the API; only its owner can read the file. */
  public Path token() {
    return home.resolve("token");
  }

  /** {@code host:port} of the running service's API; absent while no service runs. */
  public Path address() {
    return home.resolve("api");
  }

  /** Locked for as long as a service runs on this home. */
  public Path lock() {
    return home.resolve("lock");
  }

  /** Process id and start time of the running service: see {@link PidFile}. */
  public Path pid() {
    return home.resolve("pid");
  }

  /** The service's log. */
  public Path log() {
    return home.resolve("orchestrator.log");
  }

  /** Standard output and error of a detached service: empty unless it could not start. */
  public Path console() {
    return home.resolve("orchestrator.out");
  }

  /** Stack traces of unexpected errors in client commands. */
  public Path clientLog() {
    return home.resolve("client.log");
  }

  /** Creates the folder, for its owner alone, unless it exists. */
  public void create() throws IOException {
    if (!Files.isDirectory(home)) {
      Files.createDirectories(
          home, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }

  /** Replaces a file atomically: a reader sees the old text or the new, never a part. */
  public void write(Path file, String text) throws IOException {
    Path draft =
        Files.createTempFile(
            home,
            "." + file.getFileName(),
            ".new",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      Files.writeString(draft, text);
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  /** The text of a file without the white space around it; empty when there is no text. */
  public static Optional<String> read(Path file) throws IOException {
    try {
      return Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }
}
