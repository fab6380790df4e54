package dev.orchestrator.home;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * One service a home: the kernel drops the lock with the process that holds it, however it ends.
 */
public final class HomeLock implements AutoCloseable {
  private final FileChannel channel;

  private HomeLock(FileChannel channel) {
    this.channel = channel;
  }

  /** Takes the lock; empty when another process has it. */
  public static Optional<HomeLock> take(HomeFiles files) throws IOException {
    FileChannel channel =
        FileChannel.open(files.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean taken = false;
    try {
      FileLock lock = channel.tryLock();
      taken = lock != null;
    } catch (OverlappingFileLockException e) {
      taken = false; // Held by this very process.
    } finally {
      if (!taken) {
        channel.close();
      }
    }
    return taken ? Optional.of(new HomeLock(channel)) : Optional.empty();
  }

  /** Whether a service runs on this home. */
  public static boolean isHeld(HomeFiles files) throws IOException {
    if (!Files.exists(files.lock())) {
      return false;
    }
    Optional<HomeLock> lock = take(files);
    if (lock.isPresent()) {
      lock.get().close();
    }
    return lock.isEmpty();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
