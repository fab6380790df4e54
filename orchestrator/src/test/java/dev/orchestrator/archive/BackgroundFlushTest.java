package dev.orchestrator.archive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BackgroundFlushTest {

  @Test
  void aFlushThatFailsFailsTheFileThoughTheKernelTellsItOnce() throws Exception {
    BackgroundFlush flush =
        new BackgroundFlush(() -> {
          throw new IOException("No space left on device");
        });
    flush.wrote(BackgroundFlush.EVERY);
    assertEquals(
        "No space left on device", assertThrows(IOException.class, flush::await).getMessage());
  }

  @Test
  void nobodyWaitsForOneThatIsUnderWayUntilTheEnd() throws Exception {
    CountDownLatch disk = new CountDownLatch(1);
    AtomicInteger flushes = new AtomicInteger();
    BackgroundFlush flush =
        new BackgroundFlush(() -> {
          try {
            disk.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
          flushes.incrementAndGet();
        });
    flush.wrote(BackgroundFlush.EVERY);
    flush.wrote(BackgroundFlush.EVERY);
    flush.wrote(1);
    assertEquals(0, flushes.get());
    disk.countDown();
    flush.await();
    assertEquals(1, flushes.get());
    flush.wrote(1);
    flush.await();
    assertEquals(2, flushes.get(), "what was written meanwhile is flushed, too");
  }
}
