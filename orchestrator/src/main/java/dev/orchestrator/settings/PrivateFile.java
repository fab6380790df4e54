package dev.orchestrator.settings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** A file with a secret, which its owner alone may read. */
public final class PrivateFile {
  private static final Set<PosixFilePermission> OF_OTHERS =
      EnumSet.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  private PrivateFile() {}

  /** What is wrong with the file, and what to do about it; empty when nothing is. */
  public static Optional<String> problem(Path file) {
    try {
      if (!Files.exists(file)) {
        return Optional.of(
            "there is no file %s; make it, readable by its owner alone".formatted(file));
      }
      if (!Files.isRegularFile(file)) {
        return Optional.of("%s is not a regular file; name a file".formatted(file));
      }
      if (Files.getPosixFilePermissions(file).stream().anyMatch(OF_OTHERS::contains)) {
        return Optional.of(
            "%s can be read or written by other users; run chmod 600 %s".formatted(file, file));
      }
      if (!Files.isReadable(file)) {
        return Optional.of("%s can't be read by this user; check its owner".formatted(file));
      }
      return Files.size(file) == 0
          ? Optional.of("%s is empty; write the secret into it".formatted(file))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.of(
          "%s can't be read (%s); check its owner".formatted(file, e.getClass().getSimpleName()));
    }
  }
}
