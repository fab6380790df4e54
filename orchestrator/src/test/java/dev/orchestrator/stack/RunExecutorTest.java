package dev.orchestrator.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What follows a run that has just ended. */
class RunExecutorTest {
  @TempDir(factory = InMemoryFolder.class)
  Path home;

  /** A client that reads the journal sees the end before this process has put the run away. */
  @Test
  @Timeout(30)
  void aRunMayBeginAsSoonAsTheLastOneIsSeenToHaveEnded() throws Exception {
    try (OrchestratorFixture service = new OrchestratorFixture(new FakeHost(), home)) {
      service.control.up("v1");
      CompletableFuture<String> next = new CompletableFuture<>();
      service.eventListener =
          event -> {
            if (event.phase().equals("end") && !next.isDone()) {
              service.eventListener = ignored -> {};
              awaitWaiting(Thread.ofPlatform().start(() -> begin(service, next)));
            }
          };
      service.control.upgrade("v2");
      String run = next.get(20, TimeUnit.SECONDS);
      assertEquals(Outcome.DONE, service.journal.upgrade(run).orElseThrow().outcome());
    }
  }

  private static void begin(OrchestratorFixture service, CompletableFuture<String> id) {
    try {
      id.complete(service.control.upgrade("v3"));
    } catch (RuntimeException e) {
      id.completeExceptionally(e);
    }
  }

  private static void awaitWaiting(Thread thread) {
    while (thread.isAlive() && thread.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
  }
}
