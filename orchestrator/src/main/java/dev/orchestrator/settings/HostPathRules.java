package dev.orchestrator.settings;

import java.nio.file.Path;
import java.util.List;

/**
 * Which paths of the host no stack may have, whatever its settings say: who has them has the host,
 * or the orchestrator.
 */
public final class HostPathRules {
  /** These, what is in them, and what they are in. */
  private static final List<String> ENGINES =
      List.of(
          "/var/lib/docker",
          "/var/lib/containerd",
          "/var/lib/containers",
          "/run/docker",
          "/run/docker.sock",
          "/run/containerd",
          "/var/run/docker",
          "/var/run/docker.sock",
          "/var/run/containerd");

  private static final List<String> KERNEL = List.of("/proc", "/sys");

  private HostPathRules() {}

  /** Why a path is refused, such as "is the host's whole file system"; empty when it isn't. */
  public static String refusal(Path path) {
    if (path.equals(Path.of("/"))) {
      return "is the host's whole file system";
    }
    if (path.equals(Path.of("/etc"))) {
      return "has the host's passwords and settings";
    }
    if (path.startsWith("/dev")) {
      return "is a place of devices, which security.devices grants";
    }
    for (String kernel : KERNEL) {
      if (path.startsWith(kernel)) {
        return "is the host's kernel";
      }
    }
    for (String engine : ENGINES) {
      String reason = overlap(path, Path.of(engine), "a Docker engine's own folder");
      if (!reason.isEmpty()) {
        return reason;
      }
    }
    return "";
  }

  /** Why a path is refused that is in another, or has it in it; empty when they are apart. */
  public static String overlap(Path path, Path other, String what) {
    if (path.equals(other)) {
      return "is " + what;
    }
    if (path.startsWith(other)) {
      return "is in %s, %s".formatted(other, what);
    }
    return other.startsWith(path) ? "has %s in it, %s".formatted(other, what) : "";
  }
}
