package dev.orchestrator.health;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.InnerService;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs a service's health check by hand while the inner engine's next run of it is far away, as
 * after a start that took longer than the check's start period: clients may be waiting for it. Any
 * thread.
 */
final class OwnChecks {
  /** A next run that comes within this time is waited for. */
  private static final Duration SOON = Duration.ofSeconds(1);

  /** Between two runs of a check, each of which is a process in the service's container. */
  private static final Duration PAUSE = Duration.ofMillis(900);

  /** The check's own time-out is shorter, or it is run too seldom to be waited for. */
  private static final Duration LIMIT = Duration.ofSeconds(15);

  private final InstantSource clock;
  private final Map<String, Result> results = new ConcurrentHashMap<>();

  OwnChecks(InstantSource clock) {
    this.clock = clock;
  }

  private record Result(Instant at, boolean passed) {}

  /** Whether the health check of a service that has not passed yet passes now. */
  boolean pass(Capsule capsule, InnerService service) {
    if (service.nextCheck().compareTo(SOON) <= 0) {
      return false;
    }
    String key = capsule.name() + "/" + service.service();
    Result last = results.get(key);
    if (last == null || !clock.instant().isBefore(last.at().plus(PAUSE))) {
      last = new Result(clock.instant(), run(capsule, service.service()));
      results.put(key, last);
    }
    return last.passed();
  }

  private static boolean run(Capsule capsule, String service) {
    try {
      return capsule.check(service, LIMIT).ok();
    } catch (CapsuleException e) {
      return false;
    }
  }
}
