package dev.orchestrator.upgrade.steps;

import dev.orchestrator.health.HealthException;
import dev.orchestrator.traffic.Traffic.Clients;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Watches what clients get from green in the bake window, because a version may pass its probes and
 * still fail its clients. Answers and connections of all routes are judged in samples of 20; a
 * sample is bad when more than half of it failed, and three bad samples in a row roll back. A
 * client that got nothing has waited for all attempts to connect, or for as long as it would: of
 * those, three on one route are enough, when they are more than half of its clients. Not
 * thread-safe.
 */
final class ClientWatch {
  private static final int SAMPLE_SIZE = 20;
  private static final int MAX_BAD_SAMPLES = 3;
  private static final int MOST_UNSERVED = 2;

  private final Supplier<Map<String, Clients>> green;
  private final Map<String, Clients> blue;
  private final boolean errorsAreUsual;
  private final Clients first;
  private Clients last;
  private final Map<String, Clients> lastOfRoutes;
  private int badInARow;

  /**
   * Starts to watch.
   *
   * @param blue what clients got of the version before, by route; failures of green that were usual
   *     there are ignored
   * @param green what clients got of the candidate so far, by route
   */
  ClientWatch(Map<String, Clients> blue, Supplier<Map<String, Clients>> green) {
    this.green = green;
    this.blue = Map.copyOf(blue);
    this.errorsAreUsual = manyErrors(sum(blue.values()));
    this.lastOfRoutes = new HashMap<>(green.get());
    this.first = sum(lastOfRoutes.values());
    this.last = first;
  }

  /**
   * Judges what clients got since the last full sample.
   *
   * @throws HealthException after three bad samples in a row, or when a route serves hardly anybody
   */
  void check() {
    Map<String, Clients> routes = green.get();
    routes.forEach(this::requireServed);
    Clients now = sum(routes.values());
    Clients sample = now.since(last);
    boolean errors = !errorsAreUsual && manyErrors(sample);
    if (errors || manyFailures(sample)) {
      badInARow++;
      last = now;
      if (badInARow >= MAX_BAD_SAMPLES) {
        throw new HealthException("clients fare badly in the bake window: " + summary());
      }
    } else if (sample.answers() >= SAMPLE_SIZE || attempts(sample) >= SAMPLE_SIZE) {
      badInARow = 0;
      last = now;
    }
  }

  private void requireServed(String route, Clients now) {
    Clients sample = now.since(lastOfRoutes.getOrDefault(route, Clients.NONE));
    if (manyUnserved(sample) && !manyUnserved(blue.getOrDefault(route, Clients.NONE))) {
      throw new HealthException(
          "clients fare badly in the bake window: route %s served %,d of %,d; %s"
              .formatted(route, sample.served(), sample.served() + sample.unserved(), summary()));
    }
    if (sample.served() > 0 && (sample.unserved() == 0 || clients(sample) >= SAMPLE_SIZE)) {
      // What comes later is judged by itself: a service may also die in the middle of the window.
      lastOfRoutes.put(route, now);
    }
  }

  /** One line on the answers and connections of clients since the switch. */
  String summary() {
    Clients all = sum(green.get().values()).since(first);
    return String.format(
        Locale.ROOT,
        "%,d answers, %,d of them errors (5xx); %,d connections to it, %,d failed, %,d broken"
            + " off%s",
        all.answers(),
        all.errors(),
        all.connections(),
        all.failed(),
        all.broken(),
        all.unserved() == 0 ? "" : ", %,d clients not served".formatted(all.unserved()));
  }

  private static Clients sum(Collection<Clients> routes) {
    return routes.stream().reduce(Clients.NONE, Clients::plus);
  }

  private static boolean manyErrors(Clients sample) {
    return sample.answers() >= SAMPLE_SIZE && 2 * sample.errors() > sample.answers();
  }

  private static boolean manyFailures(Clients sample) {
    return attempts(sample) >= SAMPLE_SIZE && 2 * sample.failed() > attempts(sample);
  }

  private static boolean manyUnserved(Clients sample) {
    return sample.unserved() > MOST_UNSERVED && sample.unserved() > sample.served();
  }

  private static long attempts(Clients sample) {
    return sample.connections() + sample.failed();
  }

  private static long clients(Clients sample) {
    return sample.served() + sample.unserved();
  }
}
