package dev.orchestrator.proxy;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteUnavailableException;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.epoll.LoopContexts;
import dev.orchestrator.proxy.epoll.TargetResolver;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.proxy.gate.Gate;
import dev.orchestrator.proxy.gate.GateState;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.gate.Session;
import dev.orchestrator.proxy.gate.Sessions;
import dev.orchestrator.proxy.http.UpstreamPool;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The public ports of a stack, in front of the side that serves. Methods block until they have
 * taken effect and may be called from any thread but an event loop's. They throw {@link
 * dev.orchestrator.proxy.config.ProxyException}.
 */
public final class Proxy implements AutoCloseable {
  private final LoopContexts lanes;
  private final Gate gate;
  private final Gate previewGate;
  private final Sessions sessions = new Sessions();
  private final OpenRoute.Shared shared;
  private volatile Map<String, OpenRoute> routes = Map.of();
  private volatile Map<String, OpenRoute> previews = Map.of();
  private volatile @Nullable RouteListeners listeners;
  private final AtomicReference<@Nullable RouteListeners> acceptsLater = new AtomicReference<>();

  private Proxy(VertxInternal vertx, ProxyOptions options) {
    this.lanes = new LoopContexts(vertx.nettyEventLoopGroup());
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
            new Semaphore(options.maxHeld()),
            sessions,
            lanes,
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
   * @param side what serves; null for nothing: the gate is closed until {@link #switchTo}
   * @throws RouteUnavailableException naming the first route that cannot be opened
   */
  public void open(List<Route> wanted, @Nullable Backend side) {
    open(wanted, side, InheritedSockets.none());
  }

  /**
   * Opens every route, or none, on inherited sockets where there are any for it, so that no client
   * is refused in between. A process that gives them away accepts until there is a side to lead to
   * here; only then we begin to. To be called once.
   */
  public synchronized void open(
      List<Route> wanted, @Nullable Backend side, InheritedSockets inherited) {
    lanes.checkThread();
    if (listeners != null) {
      throw new IllegalStateException("the routes are open already");
    }
    List<OpenRoute> opening = new ArrayList<>();
    Map<String, OpenRoute> mains = new LinkedHashMap<>();
    Map<String, OpenRoute> extras = new LinkedHashMap<>();
    for (Route each : wanted) {
      OpenRoute main = new OpenRoute(each, false, shared);
      mains.put(each.name(), main);
      opening.add(main);
      if (each.options().preview() != null) {
        OpenRoute preview = new OpenRoute(each, true, shared);
        extras.put(each.name(), preview);
        opening.add(preview);
      }
    }
    RouteListeners.checkOverlaps(opening);
    if (side != null) {
      checkTargets(side, mains);
    }
    boolean taken = inherited.isShared();
    RouteListeners bound = RouteListeners.bind(opening, inherited);
    routes = mains;
    previews = extras;
    listeners = bound;
    if (side != null) {
      gate.switchTo(side);
    }
    if (taken && side == null) {
      acceptsLater.set(bound);
    } else {
      bound.accept();
    }
  }

  private void acceptNow() {
    RouteListeners waiting = acceptsLater.getAndSet(null);
    if (waiting != null) {
      waiting.accept();
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

  /** What serves, or served before the hold; null where nothing does. */
  public @Nullable Backend side() {
    return gate.side();
  }

  /** What happens to a connection that arrives now. */
  public GateState state() {
    return gate.state();
  }

  /**
   * Makes new connections and requests wait, unread, for at most the deadline; then they are
   * released to the side that served. When this returns nothing begins on that side any more. Held
   * already: only the deadline changes.
   */
  public void hold(Duration deadline) {
    lanes.checkThread();
    if (!gate.holding()) {
      routes.values().forEach(route -> route.counters.newHold());
    }
    gate.hold(deadline);
    lanes.onEach(_ -> {});
  }

  /**
   * Waits until what keeps a side busy that gets nothing new has ended: any side while held, else
   * any but the side that serves. What is left after the budget is cut: what was read is passed on,
   * then both ends read the end of the stream.
   */
  public DrainResult drain(Duration budget) {
    lanes.checkThread();
    return sessions.drain(each -> of(each, gate) && !gate.leadsTo(each.lead().side()), budget);
  }

  private static boolean of(Session session, Gate gate) {
    return session.route().gate == gate;
  }

  /** Ends a hold: connections go on to the side that served before. Not held: does nothing. */
  public void release() {
    lanes.checkThread();
    gate.release();
  }

  /**
   * New and waiting connections and requests go to this side from now on; what had begun on another
   * lives on.
   *
   * @throws IllegalArgumentException when an open route has no target on the side
   */
  public void switchTo(Backend side) {
    lanes.checkThread();
    checkTargets(side, routes);
    gate.switchTo(side);
    acceptNow();
    lanes.onEach(_ -> {});
  }

  /** Nothing serves: new and waiting connections are closed. What had begun lives on. */
  public void closeGate() {
    lanes.checkThread();
    gate.close();
    lanes.onEach(_ -> {});
  }

  /**
   * Leads the previews to a side; null for none, which closes them. Connections that they had to
   * another side are cut.
   */
  public void preview(@Nullable Backend side) {
    lanes.checkThread();
    if (side == null) {
      previewGate.close();
    } else {
      checkTargets(side, previews);
      previewGate.switchTo(side);
    }
    lanes.onEach(_ -> {});
    DrainResult _ =
        sessions.drain(
            each -> of(each, previewGate) && !previewGate.leadsTo(each.lead().side()),
            Duration.ZERO);
  }

  /** The descriptors of all listening sockets, for another process. */
  List<Integer> descriptors() {
    RouteListeners open = listeners;
    return open == null ? List.of() : open.all().stream().map(RouteListener::descriptor).toList();
  }

  /**
   * Gives the routes away, to a process that has taken the listening sockets over: accepts no more,
   * asks clients of http routes to come again on another connection, and waits for the end of all
   * that there is; what is left after the budget is cut. To be closed then.
   */
  public DrainResult leave(Duration budget) {
    lanes.checkThread();
    shared.leaving().set(true);
    RouteListeners open = listeners;
    if (open != null) {
      open.pause();
    }
    lanes.onEach(_ -> {});
    long end = System.nanoTime() + budget.toNanos();
    sessions.awaitClients(budget);
    return sessions.drain(_ -> true, Duration.ofNanos(Math.max(0, end - System.nanoTime())));
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

  /** Closes routes, waiting connections and links; takes a second at most for polite peers. */
  @Override
  public synchronized void close() {
    lanes.checkThread();
    if (listeners != null) {
      listeners.close();
      listeners = null;
    }
    gate.close();
    previewGate.close();
    lanes.onEach(_ -> {});
    sessions.close();
    lanes.onEach(LoopContext::close);
  }

  private static void checkTargets(Backend side, Map<String, OpenRoute> open) {
    open.values().forEach(route -> route.checkTargets(side));
  }

  private void gateChanged(Map<String, OpenRoute> which) {
    which.values().forEach(route -> route.queue.gateChanged());
    lanes.tellEach(lane -> UpstreamPool.of(lane).retire());
  }
}
