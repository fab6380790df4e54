package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.EventSource;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.Status;
import dev.orchestrator.upgrade.RunEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Follows a run to its end from a client: prints the steps, connects again when the connection is
 * lost, prints the receipt's summary. The run does not depend on this process: Ctrl-C only stops
 * following.
 */
final class RunFollower {
  private static final Duration RECONNECT_PAUSE = Duration.ofMillis(300);
  private static final long REDRAW_MILLIS = 200;

  /** After a connection that lived this long, the time to connect again starts anew. */
  private static final Duration LIVED = Duration.ofSeconds(1);

  private final ApiClient api;
  private final Terminal terminal;
  private final InstantSource clock;
  private final Duration reconnectTimeout;
  private final ProgressPrinter printer;

  RunFollower(ApiClient api, Terminal terminal, InstantSource clock, Duration reconnectTimeout) {
    this.api = api;
    this.terminal = terminal;
    this.clock = clock;
    this.reconnectTimeout = reconnectTimeout;
    this.printer = new ProgressPrinter(terminal, clock);
  }

  /**
   * Follows a run that the service has accepted: a service that is away from the beginning is
   * waited for, as the run goes on when it is back.
   *
   * @return the exit code that tells how the run ended
   */
  int followAccepted(String id) throws InterruptedException {
    return follow(id, true);
  }

  /**
   * Follows a run that a user named.
   *
   * @return the exit code that tells how the run ended
   * @throws CommandException.Unreachable when the service does not answer at first
   */
  int followNamed(String id) throws InterruptedException {
    return follow(id, false);
  }

  private int follow(String id, boolean accepted) throws InterruptedException {
    Thread onInterrupt = new Thread(() -> printDetached(id), "detach");
    Runtime.getRuntime().addShutdownHook(onInterrupt);
    CountDownLatch over = new CountDownLatch(1);
    Thread redrawer = Thread.ofVirtual().name("redraw").start(() -> redrawUntil(over));
    boolean ended;
    try {
      ended = printEvents(id, accepted);
    } finally {
      over.countDown();
      redrawer.join();
      printer.clear();
      removeHook(onInterrupt);
    }
    if (!ended) {
      terminal.println(id + " needs attention: 'orchestrator status' says why, and what to do");
      return ExitCode.NEEDS_ATTENTION;
    }
    Receipt receipt = receipt(id);
    ReceiptText.summary(receipt).forEach(terminal::println);
    return ExitCode.of(receipt);
  }

  /** Returns true at the end of the run, false when its undo is stuck and the service retries. */
  private boolean printEvents(String id, boolean accepted) throws InterruptedException {
    long lastSequence = 0;
    boolean reached = accepted;
    Instant lostAt = clock.instant();
    boolean noted = false;
    while (true) {
      @Nullable Instant connectedAt = null;
      String reason = "the connection was closed";
      try (EventSource events = api.events(id, lastSequence)) {
        connectedAt = clock.instant();
        reached = true;
        for (RunEvent event = events.next(); event != null; event = events.next()) {
          lastSequence = Math.max(lastSequence, event.sequence());
          noted = false;
          printer.print(event);
          if (event.phase().equals("end")) {
            return true;
          }
          if (event.phase().equals("stuck") && isStuck(id)) {
            return false;
          }
        }
      } catch (CommandException.Unreachable e) {
        if (!reached) {
          throw e;
        }
        reason = String.valueOf(e.getMessage());
      }
      Instant now = clock.instant();
      boolean lived =
          connectedAt != null && Duration.between(connectedAt, now).compareTo(LIVED) > 0;
      if (!noted || lived) {
        lostAt = now;
      }
      if (Duration.between(lostAt, now).compareTo(reconnectTimeout) >= 0) {
        throw new CommandException.Unreachable(
            "lost sight of %s, it may go on: %s".formatted(id, reason));
      }
      if (!noted) {
        printer.printNote(
            "connection lost: trying again for " + reconnectTimeout.toSeconds() + " s");
        noted = true;
      }
      TimeUnit.MILLISECONDS.sleep(RECONNECT_PAUSE.toMillis());
    }
  }

  /** Events are told from the beginning: what was stuck once may be undone by now. */
  private boolean isStuck(String id) {
    Status status = Json.read(api.get("/v1/status"), Status.class);
    UpgradeRecord running = status.running();
    return running != null && running.id().equals(id) && !status.attention().isEmpty();
  }

  /** The run has ended: a service that is being restarted is waited for. */
  private Receipt receipt(String id) throws InterruptedException {
    String path = "/v1/upgrades/" + ApiClient.segment(id);
    Instant end = clock.instant().plus(reconnectTimeout);
    while (true) {
      try {
        return Json.read(api.get(path), Receipt.class);
      } catch (CommandException.Unreachable e) {
        if (!clock.instant().isBefore(end)) {
          throw e;
        }
        TimeUnit.MILLISECONDS.sleep(RECONNECT_PAUSE.toMillis());
      }
    }
  }

  private void redrawUntil(CountDownLatch over) {
    try {
      while (terminal.interactive() && !over.await(REDRAW_MILLIS, TimeUnit.MILLISECONDS)) {
        printer.redraw();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void printDetached(String id) {
    printer.clear();
    terminal.err().printf("detached: %s goes on; 'orchestrator watch %s' shows it again%n", id, id);
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // The process ends after Ctrl-C: the hook runs.
    }
  }
}
