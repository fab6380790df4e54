package dev.orchestrator.home;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The lock by which at most one service runs on a home. The kernel drops it with the process that
 * holds it, however that process ends.
 *
 * <p>A service holds the lock exclusively. A command that only wants to know whether a service runs
 * tries a shared lock for some microseconds, so that commands do not see each other; a start that
 * finds the lock taken tries a shared lock too, and so tells a service, which refuses it, from a
 * command, which is gone at the next try.
 *
 * <p>All static methods are safe for any thread. They exclude each other in this process, as
 * closing a file drops all locks that the process has on it, whichever channel took them.
 */
public final class HomeLock implements AutoCloseable {
  /** Commands look for some microseconds: a start that meets them for longer has met a fault. */
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  private static final Duration PAUSE = Duration.ofNanos(100_000);

  /** The lock files that this process holds; guarded by the class. */
  private static final Set<Path> HELD_HERE = new HashSet<>();

  private final Path file;
  private final FileChannel channel;

  private HomeLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Takes the lock at once; empty when a service has it, in this process or another.
   *
   * @throws IOException when the file can't be opened or locked
   */
  public static Optional<HomeLock> take(HomeFiles files) throws IOException {
    long end = System.nanoTime() + DEADLINE.toNanos();
    Attempt attempt = attempt(files);
    while (attempt.outcome() == Outcome.LOOKED_AT) {
      if (System.nanoTime() > end) {
        throw new IOException(
            "%s could not be locked within %d s: other processes lock it without being a service"
                .formatted(files.lock(), DEADLINE.toSeconds()));
      }
      LockSupport.parkNanos(PAUSE.toNanos());
      attempt = attempt(files);
    }
    return Optional.ofNullable(attempt.lock());
  }

  /** Whether a service runs on this home; never keeps a service from starting. */
  public static synchronized boolean isHeld(HomeFiles files) throws IOException {
    if (HELD_HERE.contains(key(files))) {
      return true;
    }
    if (!Files.exists(files.lock())) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(files.lock(), StandardOpenOption.READ)) {
      return !sharable(channel);
    }
  }

  private enum Outcome {
    TAKEN,
    HELD,
    LOOKED_AT
  }

  private record Attempt(Outcome outcome, @Nullable HomeLock lock) {}

  private static synchronized Attempt attempt(HomeFiles files) throws IOException {
    Path key = key(files);
    if (HELD_HERE.contains(key)) {
      return new Attempt(Outcome.HELD, null);
    }
    FileChannel channel =
        FileChannel.open(
            files.lock(),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    Attempt attempt = new Attempt(Outcome.HELD, null);
    try {
      if (channel.tryLock() != null) {
        HELD_HERE.add(key);
        attempt = new Attempt(Outcome.TAKEN, new HomeLock(key, channel));
      } else if (sharable(channel)) {
        attempt = new Attempt(Outcome.LOOKED_AT, null);
      }
      return attempt;
    } finally {
      if (attempt.outcome() != Outcome.TAKEN) {
        channel.close();
      }
    }
  }

  /** Whether nobody has the lock exclusively. */
  private static boolean sharable(FileChannel channel) throws IOException {
    FileLock shared = channel.tryLock(0, Long.MAX_VALUE, true);
    if (shared == null) {
      return false;
    }
    shared.release();
    return true;
  }

  /** The same for every way to write the path, links included. */
  private static Path key(HomeFiles files) throws IOException {
    Path home = files.home();
    Path real = Files.isDirectory(home) ? home.toRealPath() : home.toAbsolutePath().normalize();
    return new HomeFiles(real).lock();
  }

  @Override
  public void close() throws IOException {
    synchronized (HomeLock.class) {
      if (channel.isOpen()) {
        HELD_HERE.remove(file);
        channel.close();
      }
    }
  }
}
