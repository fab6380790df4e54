package dev.orchestrator.testing;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A small disk in a file with its own file system, mounted on this host. Needs root. */
public final class LoopDiskFixture implements AutoCloseable {
  private final Path mountPoint;

  /**
   * Makes a file system in a file, and mounts it.
   *
   * @param make program that makes the file system, such as {@code mkfs.xfs}
   */
  public LoopDiskFixture(Path folder, String make, long bytes) {
    Path file = folder.resolve("disk");
    mountPoint = folder.resolve("mounted");
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
      disk.setLength(bytes);
      Files.createDirectories(mountPoint);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> command = new ArrayList<>(List.of(make, "-q", file.toString()));
    if (make.equals("mkfs.ext4")) {
      command.addAll(1, List.of("-m", "0")); // no reserve for root: full is full
    }
    run(command.toArray(String[]::new));
    run("mount", "-o", "loop", file.toString(), mountPoint.toString());
  }

  /** Whether this host has the program and the rights that the fixture needs. */
  public static boolean isSupported(String make) {
    return System.getProperty("user.name").equals("root")
        && List.of("/usr/sbin", "/usr/bin", "/sbin").stream()
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, make)));
  }

  public Path folder() {
    return mountPoint;
  }

  /** Fills the disk; {@link #removeFiller} frees the space. */
  public void fill() {
    fill(0);
  }

  /** Fills the disk up to about that many bytes. */
  public void fill(long bytesToLeave) {
    try (FileChannel channel =
        FileChannel.open(filler(), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      int size = 16 << 20;
      long usable = Files.getFileStore(mountPoint).getUsableSpace();
      if (usable > 2L * size) {
        run("fallocate", "-l", Long.toString(usable - 2L * size), filler().toString());
        channel.position(usable - 2L * size);
      }
      // The rest in ever smaller pieces, as the file system's own need is unknown.
      for (; size > 0; size /= 2) {
        ByteBuffer piece = ByteBuffer.allocate(size);
        fill(channel, piece);
      }
      channel.truncate(channel.size() - bytesToLeave);
      channel.force(true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void fill(FileChannel channel, ByteBuffer piece) {
    try {
      while (channel.write(piece.rewind()) > 0) {}
    } catch (IOException e) {
      // Full, for pieces of this size.
    }
  }

  public void removeFiller() {
    try {
      Files.deleteIfExists(filler());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path filler() {
    return mountPoint.resolve("filler");
  }

  /** Options of a Docker volume that is a folder of this disk. */
  public Map<String, String> bindOptions(String name) {
    try {
      Path folder = Files.createDirectories(mountPoint.resolve(name));
      return Map.of("type", "none", "o", "bind", "device", folder.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a program; a failure contains its output. */
  public static void run(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(120, TimeUnit.SECONDS) || process.exitValue() != 0) {
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
