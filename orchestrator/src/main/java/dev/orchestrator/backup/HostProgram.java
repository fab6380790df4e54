package dev.orchestrator.backup;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/** Programs of the host that the service runs on. */
final class HostProgram {
  private HostProgram() {}

  /** The file of a program that is in the path of the service. */
  static Optional<Path> find(String name) {
    String path = Objects.requireNonNullElse(System.getenv("PATH"), "");
    return Arrays.stream(path.split(File.pathSeparator, -1))
        .filter(folder -> folder.startsWith("/"))
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst()
        .flatMap(HostProgram::real);
  }

  /** Not a link, which would lead elsewhere in a container. */
  private static Optional<Path> real(Path program) {
    try {
      return Optional.of(program.toRealPath());
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
