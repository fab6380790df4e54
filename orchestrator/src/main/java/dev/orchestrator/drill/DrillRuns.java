package dev.orchestrator.drill;

import dev.orchestrator.client.EventSource;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.upgrade.RunEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** The runs of a drill on its own service; each is a part with a result. Calls block. */
final class DrillRuns {
  private static final Duration DEADLINE = Duration.ofMinutes(15);
  private static final long PAUSE_MILLIS = 200;

  private final DrillService service;
  private final DrillRoutes routes;
  private final Supplier<List<String>> containers;
  private final String from;
  private final String to;
  private final Map<String, Long> millisOfStep = new HashMap<>();

  /**
   * Begins nothing yet.
   *
   * @param containers gives the names of the drill's containers that run
   */
  DrillRuns(
      DrillService service,
      DrillRoutes routes,
      Supplier<List<String>> containers,
      String from,
      String to) {
    this.service = service;
    this.routes = routes;
    this.containers = containers;
    this.from = from;
    this.to = to;
  }

  /** Starts the service, and the stack on the copy. */
  DrillResult up() throws IOException, InterruptedException {
    long start = System.nanoTime();
    service.start();
    return withoutFault("up on the copy", start, begin("/v1/up", Map.of()), from);
  }

  DrillResult upgrade() throws InterruptedException {
    return withoutFault("upgrade", System.nanoTime(), beginUpgrade(), to);
  }

  DrillResult rollback() throws InterruptedException {
    return withoutFault(
        "rollback", System.nanoTime(), begin("/v1/rollback", Map.of("data", "restore")), from);
  }

  private String beginUpgrade() {
    return begin("/v1/upgrades", Map.of("version", to));
  }

  private String begin(String path, Map<String, ?> body) {
    return service.api().beginRun(path, body);
  }

  /** Waits for the end of a run that nothing disturbs. */
  private DrillResult withoutFault(String part, long start, String run, String version)
      throws InterruptedException {
    Status status = awaitServing(start);
    Receipt receipt = receipt(run);
    if (receipt.upgrade().outcome() != Outcome.DONE) {
      return new DrillResult(part, false, -1, millisSince(start), ending(receipt.upgrade()));
    }
    receipt.steps().forEach(step -> millisOfStep.merge(step.step(), step.millis(), Math::max));
    String problem = problem(status, version);
    return new DrillResult(
        part,
        problem.isEmpty(),
        -1,
        millisSince(start),
        problem.isEmpty() ? version + " serves" : problem);
  }

  /** Begins an upgrade, kills the service in the middle of a step, and starts it again. */
  DrillResult killedIn(String step) throws IOException, InterruptedException {
    String part = "killed in " + step;
    Status.Side now = status().serving();
    if (now != null && now.version().equals(to)) {
      DrillResult back = rollback();
      if (!back.passed()) {
        return DrillResult.failed(part, "the rollback before it failed: " + back.text());
      }
    }
    String run = beginUpgrade();
    if (!sees(run, event -> event.step().equals(step) && event.phase().equals("intent"))) {
      return DrillResult.failed(
          part, "the upgrade did not reach the step: " + ending(receipt(run).upgrade()));
    }
    TimeUnit.MILLISECONDS.sleep(millisOfStep.getOrDefault(step, 0L) / 2);
    service.kill();
    long start = System.nanoTime();
    AtomicLong awayMillis = new AtomicLong(-1);
    Thread observer = Thread.ofVirtual().start(() -> noteFirstAnswer(start, awayMillis));
    try {
      service.start();
      Status status = awaitServing(start);
      long whole = millisSince(start);
      observer.join(DEADLINE);
      UpgradeRecord record = receipt(run).upgrade();
      String problem =
          awayMillis.get() < 0
              ? "its routes don't answer"
              : problem(status, record.outcome() == Outcome.DONE ? to : from);
      return new DrillResult(
          part,
          problem.isEmpty(),
          awayMillis.get(),
          whole,
          problem.isEmpty() ? ending(record) : problem);
    } finally {
      observer.interrupt();
    }
  }

  /** Asks the routes until they answer, and notes when they did. */
  private void noteFirstAnswer(long start, AtomicLong awayMillis) {
    try {
      while (!Thread.currentThread().isInterrupted() && millisSince(start) < DEADLINE.toMillis()) {
        if (routes.allAnswer()) {
          awayMillis.set(millisSince(start));
          return;
        }
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS / 4);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** {@code v2 serves}, {@code v1 serves: rolled back, cut off by …}. */
  private String ending(UpgradeRecord record) {
    String serves = (record.outcome() == Outcome.DONE ? to : from) + " serves";
    return record.outcome() == Outcome.DONE
        ? serves
        : "%s: %s, %s"
            .formatted(
                serves,
                record.outcome().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                record.reason());
  }

  /** Reads a run's events until one is as wanted; false when the run ended before. */
  private boolean sees(String run, Predicate<RunEvent> wanted) {
    try (EventSource events = service.api().events(run, 0)) {
      for (RunEvent event = events.next(); event != null; event = events.next()) {
        if (wanted.test(event)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Waits until no run is under way, every service is healthy, and the routes are open. */
  private Status awaitServing(long start) throws InterruptedException {
    while (true) {
      Status status = status();
      if (status.running() == null && !status.attention().isEmpty()) {
        throw new DrillException(status.attention());
      }
      UpgradeRecord last = status.last();
      if (status.running() == null && status.state().equals("down") && last != null) {
        throw new DrillException(last.reason());
      }
      boolean healthy =
          status.services().stream()
              .noneMatch(
                  each -> each.health().equals("starting") || each.health().equals("unhealthy"));
      boolean open = status.routes().stream().allMatch(route -> route.gate().startsWith("open"));
      if (status.running() == null && status.state().equals("serving") && healthy && open) {
        return status;
      }
      pause(start, "nothing serves");
    }
  }

  private static void pause(long start, String missing) throws InterruptedException {
    if (millisSince(start) > DEADLINE.toMillis()) {
      throw new DrillException("%s within %d min".formatted(missing, DEADLINE.toMinutes()));
    }
    TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
  }

  /** Why the version does not serve as it should; empty when it does. */
  private String problem(Status status, String version) {
    Status.Side serving = status.serving();
    if (serving == null || !version.equals(serving.version())) {
      return (serving == null ? "nothing" : serving.version()) + " serves instead of " + version;
    }
    List<String> running = containers.get();
    if (!running.equals(List.of(serving.container()))) {
      return "these containers run: " + String.join(", ", running);
    }
    return routes.allAnswer() ? "" : "its routes don't answer";
  }

  private Status status() {
    return Json.read(service.api().get("/v1/status"), Status.class);
  }

  private Receipt receipt(String run) {
    return Json.read(service.api().get("/v1/upgrades/" + run), Receipt.class);
  }

  private static long millisSince(long start) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
  }
}
