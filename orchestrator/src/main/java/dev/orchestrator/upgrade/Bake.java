package dev.orchestrator.upgrade;

import dev.orchestrator.Deadline;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.health.HealthException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** Watches green after the switch: unhealthy three rounds in a row, or a restart, rolls back. */
final class Bake {
  /** One bad answer under load is no reason to go back; three in a row are. */
  private static final int TOLERATED = 3;

  private static final Duration ASK = Duration.ofSeconds(10);

  private final Parts parts;

  Bake(Parts parts) {
    this.parts = parts;
  }

  String watch(Run run, Consumer<String> progress) {
    Duration window = parts.settings().stack().upgrade().bake();
    Duration interval = parts.settings().stack().upgrade().verify().interval();
    Deadline end = Deadline.in(window);
    Map<String, Integer> restarts = restarts(run);
    int rounds = 0;
    int bad = 0;
    String said = "";
    while (!end.passed()) {
      List<String> wrong =
          parts
              .health()
              .check(
                  parts.capsule(run.green()),
                  parts.settings().stack().probes(),
                  run.green().ports());
      rounds++;
      bad = wrong.isEmpty() ? 0 : bad + 1;
      if (bad >= TOLERATED) {
        throw new HealthException(
            "unhealthy in the bake window, "
                + bad
                + " times in a row: "
                + String.join("; ", wrong));
      }
      restarted(restarts, restarts(run));
      String now = wrong.isEmpty() ? "healthy" : String.join("; ", wrong);
      if (!now.equals(said)) {
        progress.accept(now);
        said = now;
      }
      LockSupport.parkNanos(end.atMost(interval).toNanos());
    }
    return "healthy for " + window.toSeconds() + " s, " + rounds + " rounds";
  }

  private Map<String, Integer> restarts(Run run) {
    Map<String, Integer> counts = new HashMap<>();
    for (InnerService service : parts.capsule(run.green()).services(ASK)) {
      counts.put(service.service(), service.restarts());
    }
    return counts;
  }

  private static void restarted(Map<String, Integer> before, Map<String, Integer> now) {
    now.forEach((service, count) -> {
      if (count > before.getOrDefault(service, 0)) {
        throw new HealthException("service " + service + " was restarted in the bake window");
      }
    });
  }
}
