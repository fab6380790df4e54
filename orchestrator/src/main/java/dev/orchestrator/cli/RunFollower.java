package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.EventSource;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.upgrade.RunEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Watches a run to its end, from this process: shows the steps, connects again when the connection
 * is lost, prints the receipt's summary. The run doesn't need us: Ctrl-C only stops watching.
 */
final class RunFollower {
  private static final Duration PAUSE = Duration.ofMillis(300);

  /** A connection that lived this long counts as one: the time to connect again starts anew. */
  private static final Duration ALIVE = Duration.ofSeconds(1);

  private final ApiClient api;
  private final Terminal terminal;
  private final InstantSource clock;
  private final Duration patience;
  private final ProgressPrinter printer;

  RunFollower(ApiClient api, Terminal terminal, InstantSource clock, Duration patience) {
    this.api = api;
    this.terminal = terminal;
    this.clock = clock;
    this.patience = patience;
    this.printer = new ProgressPrinter(terminal, clock);
  }

  /** Returns the exit code that says how the run ended. */
  int follow(String id) throws InterruptedException {
    Thread goodbye = new Thread(() -> detach(id), "detach");
    Runtime.getRuntime().addShutdownHook(goodbye);
    CountDownLatch over = new CountDownLatch(1);
    Thread ticker = Thread.ofVirtual().name("ticker").start(() -> tick(over));
    boolean ended;
    try {
      ended = watch(id);
    } finally {
      over.countDown();
      ticker.join();
      printer.clear();
      forget(goodbye);
    }
    if (!ended) {
      terminal.line(id + " needs attention: 'orchestrator status' says why, and what to do");
      return ExitCode.NEEDS_ATTENTION;
    }
    Receipt receipt = Json.read(api.get("/v1/upgrades/" + ApiClient.segment(id)), Receipt.class);
    ReceiptText.summary(receipt).forEach(terminal::line);
    return ExitCode.of(receipt);
  }

  /** False when it has got stuck, and is tried on without us. */
  private boolean watch(String id) throws InterruptedException {
    long last = 0;
    Instant lost = clock.instant();
    boolean told = false;
    while (true) {
      @Nullable Instant connected = null;
      String reason = "the connection was closed";
      try (EventSource events = api.events(id, last)) {
        connected = clock.instant();
        for (RunEvent event = events.next(); event != null; event = events.next()) {
          last = Math.max(last, event.sequence());
          told = false;
          printer.print(event);
          if (event.phase().equals("end") || event.phase().equals("stuck")) {
            return event.phase().equals("end");
          }
        }
      } catch (CommandException.Unreachable e) {
        reason = String.valueOf(e.getMessage());
        if (last == 0 && !told) {
          throw e; // Never connected: there is nothing to resume.
        }
      }
      Instant now = clock.instant();
      boolean lived = connected != null && Duration.between(connected, now).compareTo(ALIVE) > 0;
      if (!told || lived) {
        lost = now;
      }
      if (Duration.between(lost, now).compareTo(patience) >= 0) {
        throw new CommandException.Unreachable(
            "lost sight of %s, it may go on: %s".formatted(id, reason));
      }
      if (!told) {
        printer.note("connection lost: trying again for " + patience.toSeconds() + " s");
        told = true;
      }
      TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
    }
  }

  private void tick(CountDownLatch over) {
    try {
      while (terminal.interactive() && !over.await(200, TimeUnit.MILLISECONDS)) {
        printer.tick();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void detach(String id) {
    printer.clear();
    terminal.err().printf("detached: %s goes on; 'orchestrator watch %s' shows it again%n", id, id);
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // Ctrl-C has come: the hook is running and says what it has to say.
      return;
    }
  }
}
