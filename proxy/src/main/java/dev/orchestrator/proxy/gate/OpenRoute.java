package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.epoll.LoopContexts;
import dev.orchestrator.proxy.epoll.TargetResolver;
import dev.orchestrator.proxy.stats.RouteCounters;
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
public final class OpenRoute {
  private static final Logger log = LoggerFactory.getLogger(OpenRoute.class);
  private static final long WARN_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

  public final Route route;
  public final ListenAddress listen;
  final ProxyOptions options;
  public final Gate gate;
  final Semaphore places;
  public final Sessions sessions;
  public final LoopContexts lanes;
  final TargetResolver names;
  public final RouteCounters counters = new RouteCounters();
  final AtomicLong arrivals = new AtomicLong();
  public final WaitingQueue queue;
  public final String label;
  private final AtomicLong nextWarning = new AtomicLong(System.nanoTime());
  private final AtomicLong unsaid = new AtomicLong();
  private final Shared shared;
  private volatile @Nullable ResolvedBackend lead;

  /** A route that is not yet listened on, or the preview of one. */
  public OpenRoute(Route route, boolean preview, Shared shared) {
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
  public record Shared(
      ProxyOptions options,
      Gate gate,
      Gate preview,
      Semaphore places,
      Sessions sessions,
      LoopContexts lanes,
      TargetResolver names,
      AtomicBoolean leaving) {}

  /** The process leaves: a client's next request should come on another connection. */
  public boolean isLeaving() {
    return shared.leaving().get();
  }

  /** Where this route leads on a side. */
  public ResolvedBackend lead(Backend side) {
    ResolvedBackend known = lead;
    if (known == null || !known.side().equals(side)) {
      known = ResolvedBackend.of(route, side, counters.target(side.name()));
      lead = known;
    }
    return known;
  }

  /** Fails with {@link IllegalArgumentException} where the side is not enough for this route. */
  public void checkTargets(Backend side) {
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
  public void warn(String message) {
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
