package dev.orchestrator.proxy;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the connections of one route share. Thread-safe. */
final class OpenRoute {
  private static final Logger log = LoggerFactory.getLogger(OpenRoute.class);
  private static final long WARN_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

  final Route route;
  final Listen listen;
  final ProxyOptions options;
  final Gate gate;
  final Semaphore places;
  final Sessions sessions;
  final Lanes lanes;
  final Names names;
  final RouteCounters counters = new RouteCounters();
  final AtomicLong arrivals = new AtomicLong();
  final WaitingQueue queue;
  final String label;
  private final AtomicLong nextWarning = new AtomicLong(System.nanoTime());
  private final AtomicLong unsaid = new AtomicLong();
  private final Shared shared;
  private volatile @Nullable Lead lead;

  /** A route that is not yet listened on, or the preview of one. */
  OpenRoute(Route route, boolean preview, Shared shared) {
    this.route = route;
    this.shared = shared;
    this.listen = preview ? Objects.requireNonNull(route.options().preview()) : route.listen();
    this.label = route.name() + (preview ? " (preview)" : "");
    this.options = shared.options();
    this.gate = preview ? shared.preview() : shared.gate();
    this.places = shared.places();
    this.sessions = shared.sessions();
    this.lanes = shared.lanes();
    this.names = shared.names();
    this.queue = new WaitingQueue(gate, options.connectsInFlight());
  }

  /**
   * What all routes of a proxy share.
   *
   * @param preview the gate of the previews
   * @param places one for each connection that may wait
   * @param leaving this process gives the routes away
   */
  record Shared(
      ProxyOptions options,
      Gate gate,
      Gate preview,
      Semaphore places,
      Sessions sessions,
      Lanes lanes,
      Names names,
      AtomicBoolean leaving) {}

  /** The process leaves: a client's next request should come on another connection. */
  boolean isLeaving() {
    return shared.leaving().get();
  }

  /** Where this route leads on a side. */
  Lead lead(Side side) {
    Lead known = lead;
    if (known == null || !known.side().equals(side)) {
      known = Lead.of(route, side, counters.target(side.name()));
      lead = known;
    }
    return known;
  }

  /** Fails with {@link IllegalArgumentException} where the side is not enough for this route. */
  void checkTargets(Side side) {
    List<Target> targets = side.targets().get(route.name());
    if (targets == null) {
      throw new IllegalArgumentException(side.name() + " has no target for route " + route.name());
    }
    if (targets.size() != listen.ports()) {
      throw new IllegalArgumentException(
          "%s has %d targets for the %d ports of route %s"
              .formatted(side.name(), targets.size(), listen.ports(), route.name()));
    }
  }

  /** Logs what went wrong with a connection: one line a second at most, however many fail. */
  void warn(String message) {
    long due = nextWarning.get();
    long now = System.nanoTime();
    if (now - due >= 0 && nextWarning.compareAndSet(due, now + WARN_EVERY_NANOS)) {
      long others = unsaid.getAndSet(0);
      log.warn(
          "route {}: {}{}",
          label,
          message,
          others == 0 ? "" : " (" + others + " more warnings not shown)");
    } else {
      unsaid.incrementAndGet();
    }
  }
}
