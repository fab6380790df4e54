package dev.orchestrator.capsule.runtime;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.ContainerSecurity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What a capsule needs of the outer engine, as {@code config/image/run-flags} says: the only place
 * where it is written, also used by {@code config/image/run}.
 *
 * @param tmpfs paths that are memory file systems
 */
public record RunFlags(ContainerSecurity security, List<String> tmpfs, Duration stopTimeout) {
  private static final Duration STOP = Duration.ofMinutes(2);
  private static final ContainerSecurity PRIVILEGED =
      new ContainerSecurity(true, List.of(), List.of(), List.of(), true);

  /**
   * Reads the file {@code run-flags} of the image folder.
   *
   * @param privileged all rights in place of those in the file
   */
  public static RunFlags read(Path folder, boolean privileged) {
    Path file = folder.resolve("run-flags");
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw new RefusedException(
          "can't read %s (image.folder): %s".formatted(file, e.getMessage()), e);
    }
    List<String> capabilities = new ArrayList<>();
    List<String> options = new ArrayList<>();
    List<String> devices = new ArrayList<>();
    List<String> tmpfs = new ArrayList<>();
    Duration stop = STOP;
    boolean masked = true;
    for (String line : lines) {
      String value = line.substring(line.indexOf('=') + 1).strip();
      switch (line.isBlank() ? "" : line.strip().split("[= ]", 2)[0]) {
        case "--cap-add" -> capabilities.add(value);
        case "--device-cgroup-rule" -> devices.add(value);
        case "--tmpfs" -> tmpfs.add(value);
        case "--stop-timeout" -> stop = Duration.ofSeconds(Long.parseLong(value));
        case "--security-opt" -> {
          if (value.equals("systempaths=unconfined")) {
            // Docker's client turns this one into empty lists of masked and read-only paths.
            masked = false;
          } else {
            options.add(value);
          }
        }
        default -> {}
      }
    }
    ContainerSecurity listed = new ContainerSecurity(false, capabilities, options, devices, masked);
    return new RunFlags(privileged ? PRIVILEGED : listed, List.copyOf(tmpfs), stop);
  }
}
