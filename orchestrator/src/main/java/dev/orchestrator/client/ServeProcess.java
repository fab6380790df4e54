package dev.orchestrator.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.orchestrator.home.HomeFiles;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A process that runs {@code serve}, seen from the process that starts it: how it is started, its
 * address, its last words. Every service that this program starts is started by {@link #command},
 * so that a drill rehearses with the options of production.
 */
public final class ServeProcess {
  private static final String OPTIONS = "/serve-options";

  private final HomeFiles files;
  private final ApiClient api;

  /**
   * A view of the process; starts nothing.
   *
   * @param files home of the service
   * @param api client of that service
   */
  public ServeProcess(HomeFiles files, ApiClient api) {
    this.files = files;
    this.api = api;
  }

  /**
   * The command that runs {@code serve} in a session of its own, where no signal of this terminal
   * reaches it: by the launcher, where this process was started by it, else by this JVM's own
   * program. The process id of what is started is that of the service. Options may be appended.
   *
   * @param mainClass the class to run where there is no launcher
   */
  public static List<String> command(String mainClass, Path config, Path home) {
    return command(System.getProperty("orchestrator.launcher", ""), mainClass, config, home);
  }

  static List<String> command(String launcher, String mainClass, Path config, Path home) {
    List<String> command = new ArrayList<>(List.of("setsid"));
    if (launcher.isEmpty()) {
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(jvmOptions());
      command.add("-Dorchestrator.detached=true");
      command.add("-Dorchestrator.root=" + System.getProperty("orchestrator.root", ""));
      command.addAll(
          List.of("-cp", absoluteClassPath(System.getProperty("java.class.path")), mainClass));
    } else {
      command.addAll(List.of("env", "ORCHESTRATOR_DETACHED=true", launcher));
    }
    command.addAll(List.of("serve", "--config", config.toString(), "--home", home.toString()));
    return command;
  }

  /** Options of the service's JVM: the same file that the launcher reads. */
  static List<String> jvmOptions() {
    try (InputStream stream = ServeProcess.class.getResourceAsStream(OPTIONS)) {
      if (stream == null) {
        throw new IllegalStateException("the program is damaged: it has no " + OPTIONS);
      }
      return new String(stream.readAllBytes(), UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The service may run in another folder, where relative entries would lead nowhere. */
  private static String absoluteClassPath(String classPath) {
    return String.join(
        File.pathSeparator,
        Stream.of(classPath.split(File.pathSeparator, -1))
            .filter(entry -> !entry.isEmpty())
            .map(entry -> Path.of(entry).toAbsolutePath().toString())
            .toList());
  }

  /** The address of the API; empty while the service does not answer there. */
  public Optional<String> answeringAddress() throws IOException {
    Optional<String> address = HomeFiles.read(files.address());
    if (address.isEmpty()) {
      return Optional.empty();
    }
    try {
      String _ = api.get("/v1/health");
      return address;
    } catch (CommandException.Unreachable e) {
      return Optional.empty(); // Not yet: the caller has a deadline.
    }
  }

  /** The last line that the service wrote to its console, which says why it could not start. */
  public Optional<String> lastConsoleLine() throws IOException {
    return Files.readString(files.console())
        .lines()
        .filter(line -> !line.isBlank())
        .reduce((first, second) -> second)
        .map(line -> line.replaceFirst("^error: ", ""));
  }
}
