package dev.orchestrator.common;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The name of this host, as its kernel has it: no name server is asked. */
public final class HostName {
  private static final Path FILE = Path.of("/proc/sys/kernel/hostname");

  private HostName() {}

  /** The name; {@code localhost} where the kernel tells none. */
  public static String get() {
    try {
      String name = Files.readString(FILE).strip();
      return name.isEmpty() ? "localhost" : name;
    } catch (IOException e) {
      return "localhost";
    }
  }
}
