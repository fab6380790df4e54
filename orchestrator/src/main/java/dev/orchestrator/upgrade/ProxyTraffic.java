package dev.orchestrator.upgrade;

import dev.orchestrator.Refusal;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.proxy.GateState;
import dev.orchestrator.proxy.Proxy;
import dev.orchestrator.proxy.ProxyOptions;
import dev.orchestrator.proxy.Route;
import dev.orchestrator.proxy.RouteStats;
import dev.orchestrator.proxy.RouteUnavailableException;
import dev.orchestrator.proxy.Target;
import dev.orchestrator.settings.RouteSettings;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The stack's routes, through the built-in proxy. */
public final class ProxyTraffic implements Traffic {
  private final Vertx vertx;
  private final List<RouteSettings> routes;
  private @Nullable Proxy proxy;
  private long refusedBefore;

  public ProxyTraffic(Vertx vertx, List<RouteSettings> routes) {
    this.vertx = vertx;
    this.routes = List.copyOf(routes);
  }

  @Override
  public synchronized void open(Duration holdDeadline) {
    if (proxy != null) {
      return;
    }
    Proxy opening = Proxy.create(vertx, ProxyOptions.defaults());
    try {
      opening.hold(holdDeadline);
      opening.open(
          routes.stream().map(each -> new Route(each.name(), each.host(), each.port())).toList(),
          null);
    } catch (RouteUnavailableException e) {
      opening.close();
      throw new Refusal(e.getMessage() + "", e);
    }
    proxy = opening;
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
      refusedBefore = proxy().stats().total().refused();
    }
    proxy().hold(deadline);
  }

  @Override
  public Drained drain(Duration budget) {
    dev.orchestrator.proxy.Drained drained = proxy().drain(budget);
    return new Drained(drained.alone(), drained.cut());
  }

  @Override
  public void lead(Side side) {
    Map<String, Target> targets =
        side.targets().entrySet().stream()
            .collect(
                Collectors.toMap(
                    Map.Entry::getKey,
                    target -> new Target(target.getValue().host(), target.getValue().port())));
    proxy().switchTo(new dev.orchestrator.proxy.Side(side.name(), targets));
  }

  @Override
  public synchronized boolean leadsTo(String name) {
    return proxy != null
        && proxy.state() instanceof GateState.Open open
        && open.side().name().equals(name);
  }

  @Override
  public synchronized void shut() {
    if (proxy != null) {
      proxy.close();
      proxy = null;
    }
  }

  @Override
  public Receipt.Traffic sinceHold() {
    RouteStats total = proxy().stats().total();
    return new Receipt.Traffic(
        total.lastHold().held(),
        total.lastHold().longest().toMillis(),
        total.lastHold().p99().toMillis(),
        total.refused() - refusedBefore,
        0,
        0);
  }

  @Override
  public List<RouteState> routes() {
    Proxy now;
    synchronized (this) {
      now = proxy;
    }
    return routes.stream().map(route -> state(route, now)).toList();
  }

  private static RouteState state(RouteSettings route, @Nullable Proxy proxy) {
    String address = route.host() + ":" + route.port();
    String inner = route.service() + ":" + route.servicePort();
    if (proxy == null) {
      return new RouteState(route.name(), address, inner, "not open", 0, 0, 0);
    }
    RouteStats stats = proxy.stats().routes().get(route.name());
    if (stats == null) {
      return new RouteState(route.name(), address, inner, "not open", 0, 0, 0);
    }
    String gate =
        switch (proxy.state()) {
          case GateState.Open open -> "open to " + open.side().name();
          case GateState.Holding holding -> "held";
          case GateState.Closed closed -> "closed";
        };
    return new RouteState(
        route.name(), address, inner, gate, stats.open(), stats.total(), stats.heldNow());
  }

  @Override
  public void close() {
    shut();
  }
}
