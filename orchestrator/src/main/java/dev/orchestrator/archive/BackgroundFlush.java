package dev.orchestrator.archive;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Brings what is written to a file to the disk while more is written, so that the flush at the end,
 * which somebody waits for, has little left. One thread.
 */
final class BackgroundFlush {
  /** Bytes that are written between two flushes. */
  static final long EVERY = 128L << 20;

  private final Flush flush;
  private @Nullable FutureTask<Boolean> running;
  private long written;

  /** Brings all that was written so far to the disk. */
  interface Flush {
    void run() throws IOException;
  }

  BackgroundFlush(Flush flush) {
    this.flush = flush;
  }

  /** Notes that so many bytes more were written; fails where an earlier flush has failed. */
  void wrote(long bytes) throws IOException {
    written += bytes;
    if (written < EVERY || (running != null && !running.isDone())) {
      return;
    }
    await();
    written = 0;
    FutureTask<Boolean> next =
        new FutureTask<>(() -> {
          flush.run();
          return true;
        });
    running = next;
    Thread.ofVirtual().name("flush").start(next);
  }

  /** Waits for the flush that is under way: the kernel tells a failure only once. */
  void await() throws IOException {
    FutureTask<Boolean> last = running;
    running = null;
    if (last == null) {
      return;
    }
    try {
      boolean _ = last.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the file was flushed", e);
    }
  }
}
