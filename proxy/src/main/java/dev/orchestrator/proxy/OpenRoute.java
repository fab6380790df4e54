package dev.orchestrator.proxy;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the connections of one route share. Thread-safe. */
final class OpenRoute {
  private static final Logger log = LoggerFactory.getLogger(OpenRoute.class);
  private static final long WARN_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

  final Route route;
  final ProxyOptions options;
  final Gate gate;
  final Semaphore places;
  final Set<Link> links;
  private final Bootstrap connector;
  final RouteCounters counters = new RouteCounters();
  final WaitingQueue queue;
  private final AtomicLong nextWarning = new AtomicLong(System.nanoTime());
  private final AtomicLong unsaid = new AtomicLong();

  /**
   * A route that is not yet listened on.
   *
   * @param places one for each connection that may wait, shared by all routes
   * @param links all that are open, shared by all routes
   * @param connector makes unread channels to targets
   */
  OpenRoute(
      Route route,
      ProxyOptions options,
      Gate gate,
      Semaphore places,
      Set<Link> links,
      Bootstrap connector) {
    this.route = route;
    this.options = options;
    this.gate = gate;
    this.places = places;
    this.links = links;
    this.connector = connector;
    this.queue = new WaitingQueue(gate, options.connectsInFlight());
  }

  /** Starts an attempt to connect to the route's target, on the client's own event loop. */
  ChannelFuture connect(EventLoop loop, Side side) {
    Target target =
        Objects.requireNonNull(side.targets().get(route.name()), "no target for the route");
    return connector.clone(loop).connect(target.host(), target.port());
  }

  /** Logs what went wrong with a connection: one line a second at most, however many fail. */
  void warn(String message) {
    long due = nextWarning.get();
    long now = System.nanoTime();
    if (now - due >= 0 && nextWarning.compareAndSet(due, now + WARN_EVERY_NANOS)) {
      long others = unsaid.getAndSet(0);
      log.warn(
          "route {}: {}{}",
          route.name(),
          message,
          others == 0 ? "" : " (" + others + " more warnings not shown)");
    } else {
      unsaid.incrementAndGet();
    }
  }
}
