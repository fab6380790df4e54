package dev.orchestrator.client;

import dev.orchestrator.home.HomeFiles;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A process that runs {@code serve}, as the one who starts it sees it. */
public final class ServeProcess {
  private final HomeFiles files;
  private final ApiClient api;

  /**
   * Starts the process.
   *
   * @param files of its home
   */
  public ServeProcess(HomeFiles files, ApiClient api) {
    this.files = files;
    this.api = api;
  }

  /** Java with this program, detached from any terminal; the arguments are to follow. */
  public static List<String> java(String mainClass) {
    return new ArrayList<>(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dorchestrator.detached=true",
            "-Dorchestrator.root=" + System.getProperty("orchestrator.root", ""),
            "-cp",
            absolute(System.getProperty("java.class.path")),
            mainClass));
  }

  /** It may run in another folder: a relative class path would be lost. */
  private static String absolute(String classPath) {
    return String.join(
        File.pathSeparator,
        List.of(classPath.split(File.pathSeparator, -1)).stream()
            .filter(entry -> !entry.isEmpty())
            .map(entry -> Path.of(entry).toAbsolutePath().toString())
            .toList());
  }

  /** The address of its API, once that answers. */
  public Optional<String> answering() throws IOException {
    Optional<String> address = HomeFiles.read(files.address());
    if (address.isEmpty()) {
      return Optional.empty();
    }
    try {
      String _ = api.get("/v1/health");
      return address;
    } catch (CommandException.Unreachable e) {
      return Optional.empty(); // Not yet: the deadline is the caller's.
    }
  }

  /** The last that it wrote, why it ended as a rule. */
  public Optional<String> lastLine() throws IOException {
    return Files.readString(files.console())
        .lines()
        .filter(line -> !line.isBlank())
        .reduce((first, second) -> second)
        .map(line -> line.replaceFirst("^error: ", ""));
  }
}
