package dev.orchestrator.proxy;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ProxyException;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteUnavailableException;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.epoll.LoopContexts;
import dev.orchestrator.proxy.epoll.TargetResolver;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.proxy.gate.Gate;
import dev.orchestrator.proxy.gate.GateState;
import dev.orchestrator.proxy.gate.HoldLimits;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.gate.Session;
import dev.orchestrator.proxy.gate.Sessions;
import dev.orchestrator.proxy.http.UpstreamPool;
import dev.orchestrator.proxy.listen.HandedOverSockets;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.proxy.listen.RouteListener;
import dev.orchestrator.proxy.listen.RouteListeners;
import dev.orchestrator.proxy.stats.ProxyStats;
import dev.orchestrator.proxy.stats.RouteCounters;
import dev.orchestrator.proxy.stats.RouteStats;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The public ports of a stack, in front of the backend that serves. Methods block until they have
 * taken effect, and may be called on any thread but an event loop. They throw {@link
 * dev.orchestrator.proxy.config.ProxyException} when an event loop does not answer.
 */
public final class Proxy implements AutoCloseable {
  private final LoopContexts loops;
  private final Gate gate;
  private final Gate previewGate;
  private final Sessions sessions = new Sessions();
  private final OpenRoute.Shared shared;
  private volatile Map<String, OpenRoute> routes = Map.of();
  private volatile Map<String, OpenRoute> previews = Map.of();
  private volatile @Nullable RouteListeners listeners;
  private final AtomicReference<@Nullable RouteListeners> deferredListeners =
      new AtomicReference<>();

  private Proxy(VertxInternal vertx, ProxyOptions options) {
    this.loops = new LoopContexts(vertx.nettyEventLoopGroup());
    this.gate =
        new Gate("gate", vertx.nettyEventLoopGroup(), options.clock(), () -> gateChanged(routes));
    this.previewGate =
        new Gate(
            "preview", vertx.nettyEventLoopGroup(), options.clock(), () -> gateChanged(previews));
    this.shared =
        new OpenRoute.Shared(
            options,
            gate,
            previewGate,
            new HoldLimits(options.maxHeld(), options.maxHeldBytes()),
            new HoldLimits(options.maxHeld(), options.maxHeldDatagramBytes()),
            sessions,
            loops,
            new TargetResolver(vertx.nameResolver().nettyAddressResolverGroup()),
            new AtomicBoolean());
  }

  /**
   * A proxy without routes on the event loops of {@code vertx}, which must have the native
   * transport.
   */
  public static Proxy create(Vertx vertx, ProxyOptions options) {
    return new Proxy((VertxInternal) vertx, options);
  }

  /**
   * Opens every route, or none. To be called once.
   *
   * @param backend serves from now on; null for none: the gate is closed until {@link #switchTo}
   * @throws RouteUnavailableException naming the first route that cannot be opened
   */
  public void open(List<Route> wanted, @Nullable Backend backend) {
    open(wanted, backend, InheritedSockets.none());
  }

  /**
   * Opens every route, or none; on inherited sockets where there are some for a route, so that no
   * client is refused meanwhile. A process that shares the sockets goes on to accept connections;
   * this process begins to when it has a backend. To be called once.
   *
   * @throws RouteUnavailableException naming the first route that cannot be opened
   */
  public synchronized void open(
      List<Route> wanted, @Nullable Backend backend, InheritedSockets inherited) {
    loops.requireOtherThread();
    if (listeners != null) {
      throw new IllegalStateException("the routes are open already");
    }
    List<OpenRoute> opening = new ArrayList<>();
    Map<String, OpenRoute> routesByName = new LinkedHashMap<>();
    Map<String, OpenRoute> previewsByName = new LinkedHashMap<>();
    for (Route each : wanted) {
      OpenRoute route = new OpenRoute(each, false, shared);
      routesByName.put(each.name(), route);
      opening.add(route);
      if (each.options().preview() != null) {
        OpenRoute preview = new OpenRoute(each, true, shared);
        previewsByName.put(each.name(), preview);
        opening.add(preview);
      }
    }
    RouteListeners.requireDistinct(opening);
    if (backend != null) {
      requireTargets(backend, routesByName);
    }
    boolean socketsShared = inherited.isShared();
    RouteListeners bound = RouteListeners.bind(opening, inherited);
    routes = routesByName;
    previews = previewsByName;
    listeners = bound;
    if (backend != null) {
      gate.switchTo(backend);
    }
    if (socketsShared && backend == null) {
      deferredListeners.set(bound);
    } else {
      bound.accept();
    }
  }

  private void acceptDeferred() {
    RouteListeners deferred = deferredListeners.getAndSet(null);
    if (deferred != null) {
      deferred.accept();
    }
  }

  /** The port that a route is bound to; of a range, the first. */
  public int port(String route) {
    return port(route, routes);
  }

  /** The port of a route's preview. */
  public int previewPort(String route) {
    return port(route, previews);
  }

  private int port(String name, Map<String, OpenRoute> among) {
    OpenRoute route = among.get(name);
    RouteListeners open = listeners;
    if (route == null || open == null) {
      throw new IllegalArgumentException("no open route " + name);
    }
    return open.port(route);
  }

  /** The backend that serves, or served before the hold; null where none does. */
  public @Nullable Backend backend() {
    return gate.backend();
  }

  /** What happens to a connection that arrives now. */
  public GateState state() {
    return gate.state();
  }

  /**
   * Makes new connections and requests wait, unread, until the deadline; then they are released to
   * the backend that served. When this returns, nothing new begins on that backend. While a hold is
   * running, only its deadline changes.
   *
   * @param deadline from now
   */
  public void hold(Duration deadline) {
    loops.requireOtherThread();
    if (!gate.isHolding()) {
      routes.values().forEach(route -> route.counters.newHold());
    }
    gate.hold(deadline);
    loops.runOnEach(_ -> {});
  }

  /**
   * Waits for the end of the connections and requests on backends that get nothing new: on any
   * backend while held, else on any but the one that serves. Those left after the budget are cut:
   * bytes that were read are passed on, then both ends read the end of the stream.
   */
  public DrainResult drain(Duration budget) {
    loops.requireOtherThread();
    return sessions.drain(session -> isStale(session, gate), budget);
  }

  /** True for a session of a gate's routes on a backend that does not serve now. */
  private static boolean isStale(Session session, Gate gate) {
    return session.route().gate == gate && !gate.isOpenTo(session.backend().definition());
  }

  /** Ends a hold: connections go to the backend that served before. Does nothing without a hold. */
  public void release() {
    loops.requireOtherThread();
    gate.release();
  }

  /**
   * Sends new and waiting connections and requests to a backend from now on; those that had begun
   * on another backend live on.
   *
   * @throws IllegalArgumentException when an open route has no target on the backend
   */
  public void switchTo(Backend backend) {
    loops.requireOtherThread();
    requireTargets(backend, routes);
    gate.switchTo(backend);
    acceptDeferred();
    loops.runOnEach(_ -> {});
  }

  /** Closes new and waiting connections from now on; those that had begun live on. */
  public void closeGate() {
    loops.requireOtherThread();
    gate.close();
    loops.runOnEach(_ -> {});
  }

  /**
   * Sends connections to the previews to a backend from now on; those to another backend are cut.
   *
   * @param backend null closes the previews
   */
  public void preview(@Nullable Backend backend) {
    loops.requireOtherThread();
    if (backend == null) {
      previewGate.close();
    } else {
      requireTargets(backend, previews);
      previewGate.switchTo(backend);
    }
    loops.runOnEach(_ -> {});
    DrainResult _ = sessions.drain(session -> isStale(session, previewGate), Duration.ZERO);
  }

  /**
   * The listening sockets of proxies once more, for another proxy of this process that listens in
   * their place: both accept connections until the others {@link #leave}.
   *
   * @throws ProxyException when the process has no descriptors left
   */
  public static InheritedSockets share(Collection<Proxy> proxies) {
    return HandedOverSockets.duplicate(
        proxies.stream().flatMap(proxy -> proxy.descriptors().stream()).toList());
  }

  /** The descriptors of all listening sockets, to hand over to another process. */
  List<Integer> descriptors() {
    RouteListeners open = listeners;
    return open == null ? List.of() : open.all().stream().map(RouteListener::descriptor).toList();
  }

  /**
   * Leaves the routes to a process that has taken the listening sockets over: accepts no more
   * connections, asks clients of http routes to open another, and waits until all have ended; those
   * left after the budget are cut. To be closed then.
   */
  public DrainResult leave(Duration budget) {
    loops.requireOtherThread();
    shared.leaving().set(true);
    RouteListeners open = listeners;
    if (open != null) {
      open.pause();
    }
    loops.runOnEach(_ -> {});
    long end = System.nanoTime() + budget.toNanos();
    sessions.awaitClients(budget);
    return sessions.drain(_ -> true, Duration.ofNanos(Math.max(0, end - System.nanoTime())));
  }

  /**
   * Closes the listening sockets: their ports are free when this returns. Connections that wait or
   * are open live on, also those that the kernel had accepted; the sessions of udp routes end.
   */
  public synchronized void stopListening() {
    loops.requireOtherThread();
    RouteListeners open = listeners;
    if (open != null) {
      open.takeQueued();
      loops.runOnEach(_ -> {});
      open.close();
      loops.runOnEach(_ -> {});
      listeners = null;
    }
  }

  /** The figures as they are now. */
  public ProxyStats stats() {
    Map<String, RouteStats> each = snapshots(routes);
    return new ProxyStats(
        RouteCounters.snapshot(routes.values().stream().map(route -> route.counters).toList()),
        each,
        snapshots(previews));
  }

  private static Map<String, RouteStats> snapshots(Map<String, OpenRoute> routes) {
    Map<String, RouteStats> each = new LinkedHashMap<>();
    routes.forEach(
        (name, route) -> each.put(name, RouteCounters.snapshot(List.of(route.counters))));
    return each;
  }

  /** Closes the routes and all connections; peers get at most a second to read the end. */
  @Override
  public synchronized void close() {
    loops.requireOtherThread();
    if (listeners != null) {
      listeners.close();
      listeners = null;
    }
    gate.close();
    previewGate.close();
    loops.runOnEach(_ -> {});
    sessions.close();
    loops.runOnEach(LoopContext::close);
  }

  private static void requireTargets(Backend backend, Map<String, OpenRoute> routes) {
    routes.values().forEach(route -> route.requireTargets(backend));
  }

  private void gateChanged(Map<String, OpenRoute> routesOfGate) {
    routesOfGate.values().forEach(OpenRoute::gateChanged);
    loops.submitToEach(loop -> UpstreamPool.of(loop).closeStale());
  }
}
