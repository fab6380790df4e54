package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.Status;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Begins a run as soon as the service admits it: after the run that is under way, after a takeover,
 * after the connections to the process before. While processes change places the API is away for a
 * moment; that is waited for too, once the service has answered. Confined to one thread.
 */
final class AdmissionWait {
  private static final long POLL_MILLIS = 500;

  private final ApiClient api;
  private final Terminal terminal;
  private final InstantSource clock;
  private final Duration reconnectTimeout;
  private final Duration limit;
  private String printed = "";
  private @Nullable Instant answered;

  /**
   * Prepares the wait.
   *
   * @param reconnectTimeout how long the API may be away
   * @param limit how long to wait in all
   */
  AdmissionWait(
      ApiClient api,
      Terminal terminal,
      InstantSource clock,
      Duration reconnectTimeout,
      Duration limit) {
    this.api = api;
    this.terminal = terminal;
    this.clock = clock;
    this.reconnectTimeout = reconnectTimeout;
    this.limit = limit;
  }

  /**
   * Waits, then begins the run; returns its id.
   *
   * @throws CommandException when the service does not admit the run within the limit, refuses it
   *     for good, or is away
   */
  String begin(String path, Map<String, ?> body) throws InterruptedException {
    Instant end = clock.instant().plus(limit);
    while (true) {
      String reason = awaitedNow();
      if (reason.isEmpty()) {
        try {
          return api.beginRun(path, body);
        } catch (CommandException.NotYet e) {
          reason = String.valueOf(e.getMessage());
        }
      }
      print(reason);
      if (!clock.instant().isBefore(end)) {
        throw new CommandException(
            ExitCode.REFUSED, "not admitted within %d s: %s".formatted(limit.toSeconds(), reason));
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
  }

  /** What is to be waited for before the service is asked again; empty for nothing. */
  private String awaitedNow() {
    try {
      Status status = Json.read(api.get("/v1/status"), Status.class);
      answered = clock.instant();
      UpgradeRecord running = status.running();
      return running == null ? "" : RunText.title(running) + " is under way";
    } catch (CommandException.Unreachable e) {
      Instant last = answered;
      if (last == null
          || Duration.between(last, clock.instant()).compareTo(reconnectTimeout) >= 0) {
        throw e;
      }
      return "the service does not answer";
    }
  }

  private void print(String reason) {
    if (!reason.equals(printed)) {
      printed = reason;
      terminal.println("waiting: " + reason);
    }
  }
}
