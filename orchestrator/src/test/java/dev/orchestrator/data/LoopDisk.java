package dev.orchestrator.data;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A small disk in a file, with a file system of its own, mounted on this host. Needs root. */
final class LoopDisk implements AutoCloseable {
  private final Path mountPoint;

  /**
   * @param make such as {@code mkfs.xfs}
   */
  LoopDisk(Path folder, String make, long bytes) {
    Path file = folder.resolve("disk");
    mountPoint = folder.resolve("mounted");
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
      disk.setLength(bytes);
      Files.createDirectories(mountPoint);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    run(make, "-q", file.toString());
    run("mount", "-o", "loop", file.toString(), mountPoint.toString());
  }

  /** Whether this host has what it takes. */
  static boolean possible(String make) {
    return System.getProperty("user.name").equals("root")
        && List.of("/usr/sbin", "/sbin").stream()
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, make)));
  }

  /** Options of a volume that is a folder of this disk. */
  Map<String, String> volume(String name) {
    try {
      Path folder = Files.createDirectories(mountPoint.resolve(name));
      return Map.of("type", "none", "o", "bind", "device", folder.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void run(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new AssertionError(List.of(command) + ": " + output);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    run("umount", mountPoint.toString());
  }
}
