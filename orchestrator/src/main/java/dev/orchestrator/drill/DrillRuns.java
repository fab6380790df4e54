package dev.orchestrator.drill;

import dev.orchestrator.cli.RunText;
import dev.orchestrator.client.EventSource;
import dev.orchestrator.client.RunAccepted;
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
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** The runs of a drill, each of them a row of its table. */
public final class DrillRuns {
  private static final Duration LONGEST = Duration.ofMinutes(15);
  private static final long PAUSE_MILLIS = 200;

  private final DrillService service;
  private final DrillRoutes routes;
  private final Supplier<List<String>> containers;
  private final String from;
  private final String to;
  private final Map<String, Long> usual = new HashMap<>();

  /**
   * @param containers names of the drill's containers that run
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

  /** Brings the copy up. */
  public DrillResult up() throws IOException, InterruptedException {
    long start = System.nanoTime();
    service.start();
    return whole("up on the copy", start, begin("/v1/up", Map.of()), from);
  }

  public DrillResult upgrade() throws InterruptedException {
    return whole("upgrade", System.nanoTime(), beginUpgrade(), to);
  }

  public DrillResult rollback() throws InterruptedException {
    return whole(
        "rollback", System.nanoTime(), begin("/v1/rollback", Map.of("data", "restore")), from);
  }

  private String beginUpgrade() {
    return begin("/v1/upgrades", Map.of("version", to));
  }

  private String begin(String path, Map<String, ?> body) {
    return RunAccepted.run(service.api(), path, body);
  }

  /** A run that nothing happens to. */
  private DrillResult whole(String what, long start, String run, String wanted)
      throws InterruptedException {
    Status status = awaitServing(start);
    Receipt receipt = receipt(run);
    if (receipt.upgrade().outcome() != Outcome.DONE) {
      return new DrillResult(what, false, -1, millis(start), end(receipt.upgrade()));
    }
    receipt.steps().forEach(step -> usual.merge(step.step(), step.millis(), Math::max));
    String wrong = wrong(status, List.of(wanted));
    return new DrillResult(
        what, wrong.isEmpty(), -1, millis(start), wrong.isEmpty() ? wanted + " serves" : wrong);
  }

  /** An upgrade, the service killed in the middle of a step. */
  public DrillResult killedIn(String step) throws IOException, InterruptedException {
    String what = "killed in " + step;
    Status.Side now = status().serving();
    if (now != null && now.version().equals(to)) {
      DrillResult back = rollback();
      if (!back.passed()) {
        return DrillResult.failed(what, "going back before it: " + back.text());
      }
    }
    String run = beginUpgrade();
    if (!await(run, event -> event.step().equals(step) && event.phase().equals("intent"))) {
      return DrillResult.failed(what, "never got there: " + end(receipt(run).upgrade()));
    }
    TimeUnit.MILLISECONDS.sleep(usual.getOrDefault(step, 0L) / 2);
    service.kill();
    long start = System.nanoTime();
    AtomicLong answered = new AtomicLong(-1);
    Thread looking = Thread.ofVirtual().start(() -> look(start, answered));
    try {
      service.start();
      Status status = awaitServing(start);
      long whole = millis(start);
      looking.join(LONGEST);
      UpgradeRecord record = receipt(run).upgrade();
      String wrong =
          answered.get() < 0
              ? "its routes don't answer"
              : wrong(status, record.outcome() == Outcome.DONE ? List.of(to) : List.of(from));
      return new DrillResult(
          what, wrong.isEmpty(), answered.get(), whole, wrong.isEmpty() ? end(record) : wrong);
    } finally {
      looking.interrupt();
    }
  }

  /** Notes when the routes answer. */
  private void look(long start, AtomicLong answered) {
    try {
      while (!Thread.currentThread().isInterrupted() && millis(start) < LONGEST.toMillis()) {
        if (routes.answer()) {
          answered.set(millis(start));
          return;
        }
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS / 4);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** {@code v2 serves}, {@code v1 serves: rolled back, cut off by …}. */
  private String end(UpgradeRecord record) {
    String serves = (record.outcome() == Outcome.DONE ? to : from) + " serves";
    return record.outcome() == Outcome.DONE
        ? serves
        : "%s: %s, %s".formatted(serves, RunText.outcome(record), record.reason());
  }

  /** True when such an event came before the run's end. */
  private boolean await(String run, Predicate<RunEvent> wanted) {
    try (EventSource events = service.api().events(run, 0)) {
      for (RunEvent event = events.next(); event != null; event = events.next()) {
        if (wanted.test(event)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Nothing runs, every service is well, the routes are open. */
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
      boolean well =
          status.services().stream()
              .noneMatch(
                  each -> each.health().equals("starting") || each.health().equals("unhealthy"));
      boolean open = status.routes().stream().allMatch(route -> route.gate().startsWith("open"));
      if (status.running() == null && status.state().equals("serving") && well && open) {
        return status;
      }
      pause(start, "nothing serves");
    }
  }

  private static void pause(long start, String what) throws InterruptedException {
    if (millis(start) > LONGEST.toMillis()) {
      throw new DrillException("%s within %d min".formatted(what, LONGEST.toMinutes()));
    }
    TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
  }

  /** What is wrong with what serves; empty for nothing. */
  private String wrong(Status status, List<String> wanted) {
    Status.Side serving = status.serving();
    if (serving == null || !wanted.contains(serving.version())) {
      return (serving == null ? "nothing" : serving.version())
          + " serves instead of "
          + wanted.getFirst();
    }
    List<String> running = containers.get();
    if (!running.equals(List.of(serving.container()))) {
      return "these run beside each other: " + String.join(", ", running);
    }
    return routes.answer() ? "" : "its routes don't answer";
  }

  private Status status() {
    return Json.read(service.api().get("/v1/status"), Status.class);
  }

  private Receipt receipt(String run) {
    return Json.read(service.api().get("/v1/upgrades/" + run), Receipt.class);
  }

  private static long millis(long start) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
  }
}
