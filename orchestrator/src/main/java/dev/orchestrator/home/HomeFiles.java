package dev.orchestrator.home;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * The files in the service's home that the service and its clients share. Both sides use this
 * class, so that their names stand in one place. Any thread.
 */
public record HomeFiles(Path home) {

  /** The API's bearer token, readable by its owner alone. */
  public Path token() {
    return home.resolve("token");
  }

  /** {@code host:port} of the running service; absent while none runs. */
  public Path address() {
    return home.resolve("api");
  }

  /** Locked for as long as a service runs on this home. */
  public Path lock() {
    return home.resolve("lock");
  }

  /** Process id and start time of the running service. */
  public Path pid() {
    return home.resolve("pid");
  }

  /** The service's log. */
  public Path log() {
    return home.resolve("orchestrator.log");
  }

  /** What a detached service wrote to its terminal: empty unless it could not start. */
  public Path console() {
    return home.resolve("orchestrator.out");
  }

  /** Where a client command leaves the stack trace of an error that nobody expected. */
  public Path clientLog() {
    return home.resolve("client.log");
  }

  /** Makes the folder, closed to others, where it is missing. */
  public void create() throws IOException {
    if (!Files.isDirectory(home)) {
      Files.createDirectories(
          home, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }

  /** Replaces a file as a whole: a reader sees the old text or the new, never a part. */
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

  /** The file's text without the white space around it; empty when there is none. */
  public static Optional<String> read(Path file) throws IOException {
    try {
      return Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }
}
