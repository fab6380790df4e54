package dev.orchestrator.health;

import dev.orchestrator.capsule.InnerService;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds services that end with an error again and again although what they need is there, while one
 * waits for a capsule. A service that ends because its database is not up yet is restarted by the
 * engine until it is: only runs that began when nothing else was still starting count.
 *
 * <p>Sees the services as they are at each look, from one look to the next. Confined to a thread.
 */
final class RestartLoops {
  /** So many ends of a service with an error, within a short time, are a loop. */
  private static final int LOOP = 3;

  /** The engine repeats the first restarts within parts of a second. */
  private static final Duration SHORTEST_LOOP = Duration.ofSeconds(5);

  /** A run as long as this makes a slow loop, of which fewer ends tell. */
  private static final Duration LONG_RUN = Duration.ofSeconds(10);

  private static final int SLOW_LOOP = 2;

  /** A slow loop's ends are within this time. */
  static final Duration MEMORY = Duration.ofMinutes(5);

  /** After this time a service without a health check is taken for ready. */
  private static final Duration UP = Duration.ofSeconds(15);

  /** The same for a service on which another one doesn't say that it depends. */
  private static final Duration PROBABLY_UP = Duration.ofSeconds(5);

  private final InstantSource clock;
  private final Map<String, Seen> seen = new HashMap<>();

  RestartLoops(InstantSource clock) {
    this.clock = clock;
  }

  /** One container of a service, from look to look. */
  private static final class Seen {
    private String startedAt = "";
    private Instant runBegan = Instant.EPOCH;
    private Instant lastRunBegan = Instant.EPOCH;
    private int restarts = -1;
    private int exitCode;
    private boolean alone;
    private final Deque<Instant> ends = new ArrayDeque<>();
    private Duration longestRun = Duration.ZERO;
  }

  /** Takes a look; returns a problem for each service that is in a loop. */
  List<HealthProblem> look(List<InnerService> services) {
    Instant now = clock.instant();
    Map<String, InnerService> keyed = keyed(services);
    keyed.forEach((key, service) -> {
      Seen one = seen.computeIfAbsent(key, k -> new Seen());
      if (!service.startedAt().equals(one.startedAt)) {
        one.startedAt = service.startedAt();
        one.lastRunBegan = one.runBegan;
        one.runBegan = now;
      }
    });
    List<HealthProblem> problems = new ArrayList<>();
    keyed.forEach((key, service) -> {
      Seen one = seen.getOrDefault(key, new Seen());
      note(one, service, now);
      if (one.runBegan.equals(now)) {
        one.alone = isAlone(service, services, keyed, now);
      }
      HealthProblem problem = problem(one, service, now);
      if (problem != null) {
        problems.add(problem);
      }
    });
    return problems;
  }

  /** Notes the ends of a container since the last look. */
  private static void note(Seen one, InnerService service, Instant now) {
    if (!service.state().equals("running") && service.exitCode() != 0) {
      one.exitCode = service.exitCode();
    }
    int more = one.restarts < 0 ? 0 : service.restarts() - one.restarts;
    if (more < 0) {
      // It was started anew, not by the engine's restart policy.
      one.ends.clear();
    }
    if (more > 0 && one.exitCode != 0 && one.alone) {
      // The run that has ended may be the one before, if the next one has begun already.
      Instant began = one.runBegan.equals(now) ? one.lastRunBegan : one.runBegan;
      Duration run = Duration.between(began, now);
      one.longestRun = run.compareTo(one.longestRun) > 0 ? run : one.longestRun;
      for (int i = 0; i < more; i++) {
        one.ends.add(now);
      }
    }
    one.ends.removeIf(end -> end.plus(MEMORY).isBefore(now));
    one.restarts = service.restarts();
  }

  private static @Nullable HealthProblem problem(Seen one, InnerService service, Instant now) {
    if (one.ends.isEmpty()) {
      return null;
    }
    Duration since = Duration.between(one.ends.getFirst(), now);
    boolean fast = one.ends.size() >= LOOP && since.compareTo(SHORTEST_LOOP) >= 0;
    boolean slow = one.ends.size() >= SLOW_LOOP && one.longestRun.compareTo(LONG_RUN) >= 0;
    if (!fast && !slow) {
      return null;
    }
    String text =
        "ends with an error again and again: exit code %d, %d times in %d s, although what it depends on is up"
            .formatted(
                one.exitCode,
                one.ends.size(),
                Math.max(1, since.plus(slow ? one.longestRun : Duration.ZERO).toSeconds()));
    return new HealthProblem(
        "service " + service.service(),
        service.service(),
        "ends with an error again and again, exit code " + one.exitCode,
        text,
        true);
  }

  /** Whether nothing that the service may need is still on its way. */
  private boolean isAlone(
      InnerService service,
      List<InnerService> services,
      Map<String, InnerService> keyed,
      Instant now) {
    Set<String> needs = reachable(service.service(), services);
    boolean declares = !needs.isEmpty();
    for (Map.Entry<String, InnerService> entry : keyed.entrySet()) {
      InnerService other = entry.getValue();
      boolean declared = needs.contains(other.service());
      boolean waitsForThis = reachable(other.service(), services).contains(service.service());
      if (other.service().equals(service.service()) || (waitsForThis && !declared)) {
        continue;
      }
      Seen state = seen.getOrDefault(entry.getKey(), new Seen());
      Duration up = Duration.between(state.runBegan, now);
      boolean settled =
          switch (other.state()) {
            case "running" ->
                switch (other.health()) {
                  case "healthy" -> true;
                  case "none" -> up.compareTo(declares && !declared ? PROBABLY_UP : UP) >= 0;
                  default -> false;
                };
            case "exited" -> true;
            // In a loop of its own, it is no reason to wait, unless it is a reason for this one.
            case "restarting" -> !declared && other.restarts() >= LOOP;
            default -> declares && !declared;
          };
      if (!settled) {
        return false;
      }
    }
    return true;
  }

  /** The services on which one depends, and on which those depend. */
  private static Set<String> reachable(String from, List<InnerService> services) {
    Set<String> found = new HashSet<>();
    Deque<String> open = new ArrayDeque<>(List.of(from));
    while (!open.isEmpty()) {
      String name = open.remove();
      for (InnerService service : services) {
        if (service.service().equals(name)) {
          service.dependsOn().stream().filter(found::add).forEach(open::add);
        }
      }
    }
    return found;
  }

  /** By service and number: a service may have several containers, always in the same order. */
  private static Map<String, InnerService> keyed(List<InnerService> services) {
    Map<String, InnerService> keyed = new HashMap<>();
    for (InnerService service : services) {
      int number = 1;
      while (keyed.putIfAbsent(service.service() + "#" + number, service) != null) {
        number++;
      }
    }
    return keyed;
  }
}
