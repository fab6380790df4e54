package dev.orchestrator.proxy;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public ports of a stack, in front of the side that serves. Methods block until they have
 * taken effect and may be called from any thread but an event loop's. They throw {@link
 * ProxyException}.
 */
public final class Proxy implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Proxy.class);
  private static final Duration LOOP_ANSWERS = Duration.ofSeconds(10);
  private static final Duration CUT_TAKES = Duration.ofMillis(2 * (Link.SETTLE_MS + Link.GRACE_MS));

  private final VertxInternal vertx;
  private final ProxyOptions options;
  private final Gate gate;
  private final Semaphore places;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private volatile Map<String, OpenRoute> routes = Map.of();
  private volatile Map<String, Listener> listeners = Map.of();

  private Proxy(VertxInternal vertx, ProxyOptions options) {
    this.vertx = vertx;
    this.options = options;
    this.places = new Semaphore(options.maxHeld());
    this.gate = new Gate(vertx.nettyEventLoopGroup(), options.clock(), this::gateChanged);
  }

  /**
   * A proxy without routes on the event loops of {@code vertx}. Without the native transport a
   * client that leaves while it waits is noticed only when it is released.
   */
  public static Proxy create(Vertx vertx, ProxyOptions options) {
    if (!vertx.isNativeTransportEnabled()) {
      log.warn("no native transport: clients that leave while they wait are not noticed");
    }
    return new Proxy((VertxInternal) vertx, options);
  }

  /**
   * Opens every route, or none. To be called once.
   *
   * @param side what serves; null for nothing: the gate is closed until {@link #switchTo}
   * @throws RouteUnavailableException naming the first route that cannot be opened
   */
  public synchronized void open(List<Route> wanted, @Nullable Side side) {
    checkThread();
    if (!listeners.isEmpty()) {
      throw new IllegalStateException("the routes are open already");
    }
    checkOverlaps(wanted);
    Map<String, OpenRoute> opening = new LinkedHashMap<>();
    wanted.forEach(each -> opening.put(each.name(), openRoute(each)));
    if (side != null) {
      checkTargets(side, opening.keySet());
    }
    Map<String, Listener> bound = new LinkedHashMap<>();
    try {
      opening.forEach((name, route) -> bound.put(name, new Listener(vertx, route)));
    } catch (RouteUnavailableException e) {
      bound.values().forEach(Listener::close);
      throw e;
    }
    routes = opening;
    listeners = bound;
    if (side != null) {
      gate.switchTo(side);
    }
    bound.values().forEach(Listener::accept);
  }

  /** The port that a route is bound to. */
  public int port(String route) {
    Listener listener = listeners.get(route);
    if (listener == null) {
      throw new IllegalArgumentException("no open route " + route);
    }
    return listener.port();
  }

  /** What serves, or served before the hold; null where nothing does. */
  public @Nullable Side side() {
    return gate.side();
  }

  /** What happens to a connection that arrives now. */
  public GateState state() {
    return gate.state();
  }

  /**
   * Makes new connections wait, unread, for at most the deadline; then they are released to the
   * side that served. When this returns no connection opens to that side any more. Held already:
   * only the deadline changes.
   */
  public void hold(Duration deadline) {
    checkThread();
    if (!gate.holding()) {
      routes.values().forEach(route -> route.counters.newHold());
    }
    gate.hold(deadline);
    awaitLoops();
  }

  /**
   * Waits until the links to a side that gets no new connections are gone: to any side while held,
   * else to any but the side that serves. Those left after the budget are closed: what was read is
   * passed on, then both ends read the end of the stream.
   */
  public Drained drain(Duration budget) {
    checkThread();
    List<Link> old = links.stream().filter(link -> !gate.leadsTo(link.side())).toList();
    awaitClosed(old, budget);
    List<Link> left = old.stream().filter(Link::isOpen).toList();
    cut(left);
    return new Drained(old.size() - left.size(), left.size());
  }

  /** Ends a hold: connections go on to the side that served before. Not held: does nothing. */
  public void release() {
    checkThread();
    gate.release();
  }

  /**
   * New and waiting connections go to this side from now on. Links to another live on.
   *
   * @throws IllegalArgumentException when an open route has no target on the side
   */
  public void switchTo(Side side) {
    checkThread();
    checkTargets(side, routes.keySet());
    gate.switchTo(side);
    awaitLoops();
  }

  /** Like {@link #switchTo}, if the hold is still on; false when its deadline has passed. */
  public boolean switchIfHolding(Side side) {
    checkThread();
    checkTargets(side, routes.keySet());
    return gate.switchIfHolding(side);
  }

  /** Nothing serves: new and waiting connections are closed. Links live on. */
  public void closeGate() {
    checkThread();
    gate.close();
    awaitLoops();
  }

  /** The figures as they are now. */
  public Stats stats() {
    Map<String, RouteStats> each = new LinkedHashMap<>();
    List<RouteCounters> all = new ArrayList<>();
    routes.forEach((name, route) -> {
      each.put(name, RouteCounters.snapshot(List.of(route.counters)));
      all.add(route.counters);
    });
    return new Stats(RouteCounters.snapshot(all), each);
  }

  /** Closes routes, waiting connections and links; takes a second at most for polite peers. */
  @Override
  public synchronized void close() {
    checkThread();
    listeners.values().forEach(Listener::close);
    gate.close();
    awaitLoops();
    List<Link> left = List.copyOf(links);
    cut(left);
    left.forEach(Link::close);
    listeners = Map.of();
  }

  private OpenRoute openRoute(Route route) {
    Bootstrap connector =
        new Bootstrap()
            .channelFactory(vertx.transport().channelFactory(false))
            .resolver(vertx.nameResolver().nettyAddressResolverGroup())
            .option(ChannelOption.AUTO_READ, false)
            .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) options.connectTimeout().toMillis())
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel target) {
                    // A link adds its relay once the target has accepted.
                  }
                });
    return new OpenRoute(route, options, gate, places, links, connector);
  }

  private static void checkOverlaps(List<Route> wanted) {
    for (int i = 0; i < wanted.size(); i++) {
      Route route = wanted.get(i);
      for (Route other : wanted.subList(0, i)) {
        if (route.name().equals(other.name())) {
          throw unavailable(route, "another route has the same name");
        }
        if (route.overlaps(other)) {
          throw unavailable(route, "route " + other.name() + " has the same port");
        }
      }
    }
  }

  private static RouteUnavailableException unavailable(Route route, String reason) {
    return new RouteUnavailableException(route.name(), route.address(), reason, null);
  }

  private static void checkTargets(Side side, Set<String> names) {
    for (String name : names) {
      if (!side.targets().containsKey(name)) {
        throw new IllegalArgumentException(side.name() + " has no target for route " + name);
      }
    }
  }

  private void gateChanged() {
    routes.values().forEach(route -> route.queue.gateChanged());
  }

  private static void cut(List<Link> left) {
    left.forEach(Link::cut);
    long end = System.nanoTime() + CUT_TAKES.toNanos();
    for (Link link : left) {
      await(link.parted(), Duration.ofNanos(end - System.nanoTime()));
    }
  }

  private static boolean awaitClosed(List<Link> which, Duration atMost) {
    CountDownLatch gone = new CountDownLatch(which.size());
    which.forEach(link -> link.onClose(gone::countDown));
    return await(gone, atMost);
  }

  /** Returns when each event loop has done what it had begun before the gate changed. */
  private void awaitLoops() {
    List<EventExecutor> loops = new ArrayList<>();
    vertx.nettyEventLoopGroup().forEach(loops::add);
    CountDownLatch passed = new CountDownLatch(loops.size());
    loops.forEach(loop -> loop.execute(passed::countDown));
    if (!await(passed, LOOP_ANSWERS)) {
      throw new ProxyException(
          "an event loop of the proxy did not answer within " + LOOP_ANSWERS.toSeconds() + " s",
          null);
    }
  }

  private static boolean await(CountDownLatch latch, Duration atMost) {
    try {
      return latch.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ProxyException("interrupted while waiting for the proxy's connections", e);
    }
  }

  private void checkThread() {
    for (EventExecutor loop : vertx.nettyEventLoopGroup()) {
      if (loop.inEventLoop()) {
        throw new IllegalStateException("the proxy's methods block: not on an event loop");
      }
    }
  }
}
