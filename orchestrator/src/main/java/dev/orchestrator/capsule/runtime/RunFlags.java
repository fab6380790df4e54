package dev.orchestrator.capsule.runtime;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.ContainerSecurity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The rights and limits that the outer engine gives a capsule, as {@code config/image/run-flags}
 * lists them: the only place where they are written, also used by the script {@code
 * config/image/run}.
 *
 * @param tmpfs paths that are memory file systems
 * @param logOptions bounds of the capsule's own log
 */
public record RunFlags(
    ContainerSecurity security,
    List<String> tmpfs,
    Duration stopTimeout,
    Map<String, String> logOptions) {
  private static final Duration STOP = Duration.ofMinutes(2);
  private static final ContainerSecurity PRIVILEGED =
      new ContainerSecurity(true, List.of(), List.of(), List.of(), true);

  /**
   * Reads the file {@code run-flags} of the image folder; refuses a file that can't be read, or a
   * flag whose value makes no sense.
   *
   * @param privileged whether a capsule gets all rights in place of those in the file
   */
  public static RunFlags read(Path folder, boolean privileged) throws RefusedException {
    Path file = file(folder);
    List<String> lines = fileLines(file);
    List<String> capabilities = new ArrayList<>();
    List<String> options = new ArrayList<>();
    List<String> devices = new ArrayList<>();
    List<String> tmpfs = new ArrayList<>();
    Map<String, String> logOptions = new TreeMap<>();
    Duration stop = STOP;
    boolean masked = true;
    for (String line : lines) {
      String value = line.substring(line.indexOf('=') + 1).strip();
      switch (line.isBlank() ? "" : line.strip().split("[= ]", 2)[0]) {
        case "--cap-add" -> capabilities.add(value);
        case "--device-cgroup-rule" -> devices.add(value);
        case "--tmpfs" -> tmpfs.add(value);
        case "--stop-timeout" -> {
          if (!value.matches("[0-9]{1,6}")) {
            throw refusal(file, line, "give a number of seconds");
          }
          stop = Duration.ofSeconds(Long.parseLong(value));
        }
        case "--log-opt" -> {
          int equals = value.indexOf('=');
          if (equals < 1) {
            throw refusal(file, line, "give NAME=VALUE");
          }
          logOptions.put(value.substring(0, equals), value.substring(equals + 1));
        }
        case "--security-opt" -> {
          if (value.equals("systempaths=unconfined")) {
            // The engine's API has no such option: Docker's client turns it into empty lists of
            // masked and read-only paths.
            masked = false;
          } else {
            options.add(value);
          }
        }
        default -> {}
      }
    }
    ContainerSecurity listed = new ContainerSecurity(false, capabilities, options, devices, masked);
    return new RunFlags(
        privileged ? PRIVILEGED : listed, List.copyOf(tmpfs), stop, Map.copyOf(logOptions));
  }

  /**
   * The flags themselves, as {@code docker run} takes them; refuses a file that can't be read.
   *
   * @param privileged whether a capsule gets all rights in place of those in the file
   */
  public static List<String> lines(Path folder, boolean privileged) throws RefusedException {
    List<String> flags = new ArrayList<>(privileged ? List.of("--privileged") : List.of());
    for (String line : fileLines(file(folder))) {
      boolean right =
          line.startsWith("--cap-add")
              || line.startsWith("--security-opt")
              || line.startsWith("--device");
      if (line.startsWith("--") && !(privileged && right)) {
        flags.add(line.strip());
      }
    }
    return flags;
  }

  private static Path file(Path folder) {
    return folder.resolve("run-flags");
  }

  private static List<String> fileLines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new RefusedException(
          "can't read %s (image.folder): %s".formatted(file, e.getMessage()), e);
    }
  }

  private static RefusedException refusal(Path file, String line, String advice) {
    return new RefusedException("%s (image.folder): %s: %s".formatted(file, line.strip(), advice));
  }
}
