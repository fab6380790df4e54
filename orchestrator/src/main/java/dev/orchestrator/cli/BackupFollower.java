package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.report.BackupOperation;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Follows work on the backups to its end: prints what it has done, and redraws what it does. The
 * work does not depend on this process: Ctrl-C only stops following.
 */
final class BackupFollower {
  private static final long POLL_MILLIS = 300;
  private static final Duration BEGIN_DEADLINE = Duration.ofMinutes(2);

  private final ApiClient api;
  private final Terminal terminal;
  private final InstantSource clock;
  private final Duration reconnectTimeout;

  BackupFollower(RootCommand root) {
    this.api = root.api();
    CliContext context = root.context();
    this.terminal = context.terminal();
    this.clock = context.clock();
    this.reconnectTimeout = context.reconnectTimeout();
  }

  /** Begins an operation; returns its id, empty when there is nothing to do. */
  String begin(String path, Map<String, ?> body) {
    return api.beginOperation(path, body, BEGIN_DEADLINE);
  }

  /**
   * Follows an operation.
   *
   * @param json whether it is printed as JSON when it has ended, and nothing before
   * @return the exit code that tells how it ended
   */
  int follow(String id, boolean json) throws InterruptedException {
    Thread onInterrupt = new Thread(() -> printDetached(id), "detach");
    Runtime.getRuntime().addShutdownHook(onInterrupt);
    BackupOperation ended;
    try {
      ended = awaitEnd(id, json);
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(onInterrupt);
      } catch (IllegalStateException e) {
        // The process ends after Ctrl-C: the hook runs.
      }
    }
    if (json) {
      terminal.out().println(Json.indent(Json.write(ended)));
    }
    if (!ended.failure().isEmpty()) {
      if (!json) {
        terminal
            .err()
            .println(terminal.red("error:") + " backup " + ended.kind() + ": " + ended.failure());
        terminal.err().flush();
      }
      return ended.refused() ? ExitCode.REFUSED : ExitCode.NEEDS_ATTENTION;
    }
    return ExitCode.DONE;
  }

  private BackupOperation awaitEnd(String id, boolean json) throws InterruptedException {
    int printed = 0;
    @Nullable Instant lostAt = null;
    while (true) {
      try {
        BackupOperation now =
            Json.read(
                api.get("/v1/backups/operations/" + ApiClient.segment(id)), BackupOperation.class);
        lostAt = null;
        if (!json) {
          terminal.redraw("");
          for (String line : now.lines().subList(printed, now.lines().size())) {
            terminal.redraw("");
            terminal.println(line);
          }
          printed = now.lines().size();
        }
        if (!now.isRunning()) {
          return now;
        }
        if (!json && !now.progress().isEmpty()) {
          terminal.redraw(now.progress());
        }
      } catch (CommandException.Unreachable e) {
        Instant at = clock.instant();
        lostAt = lostAt == null ? at : lostAt;
        if (Duration.between(lostAt, at).compareTo(reconnectTimeout) >= 0) {
          throw new CommandException.Unreachable(
              "lost sight of %s, it may go on: %s".formatted(id, e.getMessage()));
        }
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
  }

  private void printDetached(String id) {
    terminal.redraw("");
    terminal
        .err()
        .printf(
            "detached: %s goes on; 'orchestrator backup list' tells how the backups stand%n", id);
  }
}
