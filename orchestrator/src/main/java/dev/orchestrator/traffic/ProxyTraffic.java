package dev.orchestrator.traffic;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.proxy.Handover;
import dev.orchestrator.proxy.Proxy;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteUnavailableException;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.proxy.gate.GateState;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.proxy.listen.SystemdSockets;
import dev.orchestrator.proxy.stats.HttpStats;
import dev.orchestrator.proxy.stats.RouteStats;
import dev.orchestrator.proxy.stats.TargetStats;
import dev.orchestrator.settings.RouteSettings;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The stack's routes through the built-in proxy. Thread-safe; calls block. */
public final class ProxyTraffic implements Traffic {
  private final Vertx vertx;
  private final List<RouteSettings> routes;
  private final InheritedSockets inherited;
  private @Nullable Proxy proxy;
  private String openFailure = "";
  private long refusedBeforeHold;

  ProxyTraffic(Vertx vertx, List<RouteSettings> routes) {
    this(vertx, routes, InheritedSockets.none());
  }

  /**
   * Prepares the routes; none is open yet.
   *
   * @param routes read when the routes open; they may not change while they are open
   * @param inherited listening sockets of the predecessor process or of systemd; sockets that no
   *     route uses are closed when the routes open
   */
  public ProxyTraffic(Vertx vertx, List<RouteSettings> routes, InheritedSockets inherited) {
    this.vertx = vertx;
    this.routes = routes;
    this.inherited = inherited;
  }

  @Override
  public synchronized void open(Duration holdDeadline) {
    if (proxy != null) {
      return;
    }
    Proxy newProxy = Proxy.create(vertx, ProxyOptions.defaults());
    try (inherited) {
      newProxy.hold(holdDeadline);
      newProxy.open(
          routes.stream()
              .map(route -> new Route(route.name(), route.listen(), route.options()))
              .toList(),
          null,
          inherited);
    } catch (RouteUnavailableException e) {
      newProxy.close();
      openFailure = e.getMessage() + "";
      throw new RefusedException(openFailure, e);
    }
    openFailure = "";
    proxy = newProxy;
  }

  @Override
  public synchronized String openFailure() {
    return openFailure;
  }

  private synchronized Proxy proxy() {
    if (proxy == null) {
      throw new IllegalStateException("the routes are not open");
    }
    return proxy;
  }

  @Override
  public void hold(Duration deadline) {
    if (!(proxy().state() instanceof GateState.Holding)) {
      refusedBeforeHold = proxy().stats().total().refused();
    }
    proxy().hold(deadline);
  }

  @Override
  public DrainResult drain(Duration budget) {
    return proxy().drain(budget);
  }

  @Override
  public void preview(Backend candidate) {
    proxy().preview(candidate);
  }

  @Override
  public void switchTo(Backend backend) {
    proxy().switchTo(backend);
    proxy().preview(null);
  }

  @Override
  public synchronized boolean isOpenTo(String name) {
    return proxy != null
        && proxy.state() instanceof GateState.Open open
        && open.backend().name().equals(name);
  }

  @Override
  public synchronized void stopListening() {
    close();
    inherited.refuseClients();
  }

  /** Refuses clients on inherited sockets, unless the routes are open. */
  public synchronized void stopListeningUnlessOpen() {
    if (proxy == null) {
      inherited.refuseClients();
    }
  }

  /**
   * Whether the listening sockets are systemd's, which passes them to the next start of the
   * service.
   */
  public boolean hasSystemdSockets() {
    return inherited instanceof SystemdSockets;
  }

  /** Whether the routes are open and lead to a backend. */
  public synchronized boolean isServing() {
    return proxy != null && proxy.state() instanceof GateState.Open;
  }

  /** Offers the listening sockets of the open routes to another process. */
  public synchronized Handover offer(Path socket, Handover.Owner owner) throws IOException {
    return Handover.offer(vertx, proxy, socket, owner);
  }

  /**
   * Leaves new connections to another process that listens already: lets the open connections end
   * for at most the budget, then cuts the rest and stops listening.
   */
  public void drainAndStopListening(Duration budget) {
    Proxy leaving;
    synchronized (this) {
      leaving = proxy;
    }
    if (leaving != null) {
      DrainResult _ = leaving.leave(budget);
    }
    stopListening();
  }

  @Override
  public Receipt.Traffic trafficSinceHold() {
    RouteStats total = proxy().stats().total();
    return new Receipt.Traffic(
        total.lastHold().held(),
        total.lastHold().longest().toMillis(),
        total.lastHold().p99().toMillis(),
        total.refused() - refusedBeforeHold,
        0,
        0);
  }

  @Override
  public Map<String, Clients> clients(String name) {
    Proxy listening;
    synchronized (this) {
      listening = proxy;
    }
    if (listening == null) {
      return Map.of();
    }
    Map<String, RouteStats> stats = listening.stats().routes();
    Map<String, Clients> clients = new TreeMap<>();
    for (RouteSettings route : routes) {
      RouteStats figures = stats.get(route.name());
      TargetStats target = figures == null ? null : figures.byTarget().get(name);
      if (target != null) {
        clients.put(route.name(), clients(route, target));
      }
    }
    return clients;
  }

  private static Clients clients(RouteSettings route, TargetStats target) {
    HttpStats http = target.http();
    long answers =
        http.switched()
            + http.success()
            + http.redirect()
            + http.clientError()
            + http.serverError();
    return new Clients(
        target.total(),
        target.connectFailures(),
        target.resetsByTarget(),
        answers,
        http.serverError(),
        route.options().protocol() == Protocol.HTTP
            ? answers
            : target.total() - target.closedEmpty(),
        route.verify() ? target.unserved() + target.closedEmpty() : 0);
  }

  @Override
  public List<RouteState> routes() {
    Proxy current;
    synchronized (this) {
      current = proxy;
    }
    return routes.stream().map(route -> stateOf(route, current)).toList();
  }

  private static RouteState stateOf(RouteSettings route, @Nullable Proxy proxy) {
    String address = route.address();
    RouteStats stats = proxy == null ? null : proxy.stats().routes().get(route.name());
    if (proxy == null || stats == null) {
      return new RouteState(route.name(), address, route.inner(), "not open", 0, 0, 0, 0);
    }
    String gate =
        switch (proxy.state()) {
          case GateState.Open open -> "open to " + open.backend().name();
          case GateState.Holding holding -> "held";
          case GateState.Closed closed -> "closed";
        };
    return new RouteState(
        route.name(),
        address,
        route.inner(),
        gate,
        stats.open(),
        stats.total(),
        stats.heldNow(),
        stats.dropped());
  }

  /** Closes the proxy; systemd's sockets stay open, and clients wait there for the next start. */
  @Override
  public synchronized void close() {
    openFailure = "";
    if (proxy != null) {
      proxy.close();
      proxy = null;
    }
  }
}
