package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.upgrade.RunLimits.Permit;
import dev.orchestrator.upgrade.RunLimits.Work;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What runs of several stacks share. */
@Timeout(60)
class RunLimitsTest {
  private final RunLimits limits = new RunLimits(1, 2);
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  private String line() throws InterruptedException {
    return String.valueOf(lines.poll(30, TimeUnit.SECONDS));
  }

  @Test
  void thoseThatWaitSayForWhomAndComeInTheirOrder() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Permit first = limits.await(Work.BUILD, "photos", lines::add);
      Future<Permit> second =
          threads.submit(() -> limits.await(Work.BUILD, "shop", text -> lines.add("2: " + text)));
      assertEquals("2: waits for the build of stack photos (limits.builds = 1)", line());
      Future<Permit> third =
          threads.submit(() -> limits.await(Work.BUILD, "blog", text -> lines.add("3: " + text)));
      assertEquals("3: waits for the build of stack photos (limits.builds = 1)", line());
      first.close();
      Permit begun = second.get(30, TimeUnit.SECONDS);
      assertEquals("3: waits for the build of stack shop (limits.builds = 1)", line());
      begun.close();
      third.get(30, TimeUnit.SECONDS).close();
    }
  }

  @Test
  void copiesHaveALimitOfTheirOwn() {
    try (Permit _ = limits.await(Work.BUILD, "photos", lines::add);
        Permit _ = limits.await(Work.COPY, "photos", lines::add);
        Permit _ = limits.await(Work.COPY, "shop", lines::add)) {
      assertEquals(List.of(), List.copyOf(lines));
    }
  }

  @Test
  void anAbortEndsTheWaitAndLetsTheNextOneIn() throws Exception {
    Permit first = limits.await(Work.BUILD, "photos", lines::add);
    RuntimeException[] failure = new RuntimeException[1];
    Thread waiting =
        Thread.ofVirtual()
            .start(() ->
                failure[0] =
                    assertThrows(
                        RefusedException.class,
                        () -> limits.await(Work.BUILD, "shop", lines::add)));
    assertEquals("waits for the build of stack photos (limits.builds = 1)", line());
    waiting.interrupt();
    waiting.join();
    assertTrue(String.valueOf(failure[0].getMessage()).contains("interrupted"));
    first.close();
    limits.await(Work.BUILD, "blog", lines::add).close();
  }

  @Test
  void spaceThatOneStackHasReservedIsNotFreeForAnother() {
    assertTrue(limits.reserve("photos", 60, 100));
    assertFalse(limits.reserve("shop", 60, 100));
    assertEquals(60, limits.reservedByOthers("shop"));
    assertEquals(0, limits.reservedByOthers("photos"));
    assertTrue(limits.reserve("photos", 80, 100), "its own reservation is no obstacle");
    limits.release("photos");
    assertTrue(limits.reserve("shop", 60, 100));
  }
}
