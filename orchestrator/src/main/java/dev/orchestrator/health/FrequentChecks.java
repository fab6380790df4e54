package dev.orchestrator.health;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.common.OutputText;
import dev.orchestrator.engine.ExecResult;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs the health checks of healthy services by hand, for as long as a capsule is watched: the
 * inner engine runs them every half minute or so, and would tell of a failure long after the watch.
 * A service that fails as often in a row as makes it unhealthy is a problem, as if the engine had
 * run the checks. For one watch; confined to a thread.
 */
final class FrequentChecks {
  /** A service that the engine checks itself within this time is left to it. */
  private static final Duration SOON = Duration.ofSeconds(1);

  /** From the end of one run of a check to the next. Each is a process in the service. */
  private static final Duration PAUSE = Duration.ofSeconds(2);

  /** The check's own time-out is shorter, or counts as a failure that lasts. */
  private static final Duration LIMIT = Duration.ofSeconds(15);

  private final InstantSource clock;
  private final Map<String, Checked> checked = new HashMap<>();

  FrequentChecks(InstantSource clock) {
    this.clock = clock;
  }

  /** What the runs of a service's check have come to. */
  private record Checked(Instant at, int failures, String output) {
    static final Checked NEVER = new Checked(Instant.MIN, 0, "");
  }

  /** Runs the checks that are due; returns a problem for each service that fails them. */
  List<HealthProblem> look(Capsule capsule, List<InnerService> services) {
    List<HealthProblem> problems = new ArrayList<>();
    for (InnerService service : services) {
      if (!service.state().equals("running") || !service.health().equals("healthy")) {
        checked.remove(service.service()); // Its state says what is wrong.
        continue;
      }
      Checked now = check(capsule, service);
      if (now.failures() >= service.retries()) {
        problems.add(problem(service, now));
      }
    }
    return problems;
  }

  private Checked check(Capsule capsule, InnerService service) {
    Checked last = checked.getOrDefault(service.service(), Checked.NEVER);
    boolean due = last.failures() > 0 || service.nextCheck().compareTo(SOON) > 0;
    if (!due || clock.instant().isBefore(last.at().plus(PAUSE))) {
      return last;
    }
    Checked now = run(capsule, service.service(), last);
    checked.put(service.service(), now);
    return now;
  }

  private Checked run(Capsule capsule, String service, Checked last) {
    try {
      ExecResult result = capsule.check(service, LIMIT);
      return result.ok()
          ? new Checked(clock.instant(), 0, "")
          : new Checked(
              clock.instant(), last.failures() + 1, result.stdout() + "\n" + result.stderr());
    } catch (CapsuleException e) {
      // Nothing is known of the service: the capsule's own state tells what is wrong.
      return new Checked(clock.instant(), last.failures(), last.output());
    }
  }

  private static HealthProblem problem(InnerService service, Checked now) {
    String brief = "its health check has failed %d times in a row".formatted(service.retries());
    String telling = OutputText.tellingLine(now.output());
    return new HealthProblem(
        "service " + service.service(),
        service.service(),
        brief,
        telling.isEmpty()
            ? brief
            : brief + ": " + OutputText.quote(telling, HealthChecker.MAX_QUOTE),
        false);
  }
}
