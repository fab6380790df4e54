package dev.orchestrator.data;

import dev.orchestrator.common.StreamPipe;
import dev.orchestrator.engine.Mount;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A named pipe, fifo(7), in a folder that a container and this process have in common. Where the
 * engine runs on this host, data goes through it some times as fast as through the engine's API,
 * which wraps, copies and unwraps every piece. One thread, but for its ends.
 */
final class HostPipe implements AutoCloseable {
  private static final String FOLDER = "/stream";
  private static final String NAME = "data";

  /** Where the container has it. */
  static final String PLACE = FOLDER + "/" + NAME;

  private static final Duration MAKING = Duration.ofSeconds(20);

  private final Path folder;

  private HostPipe(Path folder) {
    this.folder = folder;
  }

  /**
   * Makes a folder for a pipe in a folder that only one is made in at a time, in place of one that
   * a killed process has left.
   */
  static HostPipe in(Path parent) throws IOException {
    Files.createDirectories(parent);
    HostPipe pipe = new HostPipe(parent.toRealPath().resolve("stream"));
    pipe.close();
    Files.createDirectory(
        pipe.folder,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    return pipe;
  }

  /** The folder, as the container that makes the pipe is to see it. */
  Mount mount() {
    return Mount.of(folder.toString(), FOLDER);
  }

  /**
   * Lets the container make the pipe, and opens it here; empty where the container does not have
   * the folder, may not write to it, or has another kernel's.
   */
  Optional<StreamPipe.Ends> open(HelperContainer helper) throws IOException {
    // For everybody, as the container's user may be another one than here; the folder is not.
    helper.require(
        List.of("sh", "-c", "mkfifo -m 666 %s 2>/dev/null || true".formatted(PLACE)), MAKING);
    Path pipe = folder.resolve(NAME);
    if (!Files.exists(pipe)) {
      return Optional.empty();
    }
    StreamPipe.Ends ends = open(pipe);
    if (isReached(helper, ends.in())) {
      return Optional.of(ends);
    }
    ends.out().close();
    ends.in().close();
    return Optional.empty();
  }

  /** To open one end waits for the other one, but to open both at once does not. */
  private static StreamPipe.Ends open(Path pipe) throws IOException {
    try (RandomAccessFile _ = new RandomAccessFile(pipe.toFile(), "rw")) {
      FileInputStream in = new FileInputStream(pipe.toFile());
      try {
        return new StreamPipe.Ends(new FileOutputStream(pipe.toFile()), in);
      } catch (IOException e) {
        in.close();
        throw e;
      }
    }
  }

  /**
   * Whether a byte of the container comes in here. Where the engine runs in a virtual machine that
   * has this host's folders, both sides see the file, and each kernel has a pipe of its own.
   */
  private static boolean isReached(HelperContainer helper, InputStream in) throws IOException {
    helper.require(
        List.of("sh", "-c", "timeout 5 sh -c 'echo >%s' || true".formatted(PLACE)), MAKING);
    return in.available() > 0 && in.read() >= 0;
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(folder.resolve(NAME));
    Files.deleteIfExists(folder);
  }
}
