package dev.orchestrator.traffic;

import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.proxy.Proxy;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteUnavailableException;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.proxy.gate.GateState;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.proxy.stats.HoldStats;
import dev.orchestrator.proxy.stats.HttpStats;
import dev.orchestrator.proxy.stats.RouteStats;
import dev.orchestrator.proxy.stats.TargetStats;
import dev.orchestrator.settings.RouteSettings;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The routes of one stack through the built-in proxy, and past it where the kernel leads. The proxy
 * listens all the time, so that whoever is not led elsewhere comes to it. Thread-safe; calls block.
 */
public final class ProxyTraffic implements Traffic {

  /** A proxy, and how its routes lead to what the stack's routes lead to. */
  private record Proxied(Proxy proxy, UnaryOperator<Backend> backends) {}

  private record Detours(Proxied proxied, List<Integer> ports) {}

  private final Vertx vertx;
  private final List<RouteSettings> routes;
  private final InheritedSockets inherited;
  private final KernelPath kernel;
  private List<ProxyTraffic> before;
  private @Nullable Proxy proxy;

  /** Listens on other ports than the routes' own, while those belong to another process. */
  private @Nullable Detours detours;

  /** Listen no more, and have connections that live on. */
  private final List<Proxied> former = new ArrayList<>();

  private String openFailure = "";
  private long refusedBeforeHold;

  ProxyTraffic(Vertx vertx, List<RouteSettings> routes) {
    this(vertx, routes, InheritedSockets.none());
  }

  /**
   * Prepares the routes; none is open yet.
   *
   * @param routes read when the routes open; they may not change while they are open
   * @param inherited listening sockets of the predecessor process or of systemd; the caller closes
   *     those that no route uses
   */
  public ProxyTraffic(Vertx vertx, List<RouteSettings> routes, InheritedSockets inherited) {
    this(vertx, routes, inherited, List.of(), KernelPath.none());
  }

  /**
   * The same for routes that replace others.
   *
   * @param before whose listening sockets are used where they fit
   * @param kernel the stack's, which routes that replace each other share
   */
  ProxyTraffic(
      Vertx vertx,
      List<RouteSettings> routes,
      InheritedSockets inherited,
      List<ProxyTraffic> before,
      KernelPath kernel) {
    this.vertx = vertx;
    this.routes = routes;
    this.inherited = inherited;
    this.before = before;
    this.kernel = kernel;
  }

  @Override
  public synchronized void open(Duration holdDeadline) {
    if (proxy != null) {
      return;
    }
    Proxy newProxy = Proxy.create(vertx, ProxyOptions.defaults());
    List<Proxy> replaced =
        before.stream().flatMap(traffic -> traffic.openProxy().stream()).toList();
    try {
      newProxy.hold(holdDeadline);
      if (replaced.isEmpty()) {
        newProxy.open(proxyRoutes(), null, inherited);
      } else {
        try (InheritedSockets shared = Proxy.share(replaced)) {
          newProxy.open(proxyRoutes(), null, shared);
        }
      }
    } catch (RouteUnavailableException e) {
      newProxy.close();
      kernel.leaveUnlessTo(null);
      openFailure = e.getMessage() + "";
      throw new RefusedException(openFailure, e);
    }
    openFailure = "";
    before = List.of();
    proxy = newProxy;
  }

  private List<Route> proxyRoutes() {
    return routes.stream()
        .map(route -> new Route(route.name(), route.listen(), route.options()))
        .toList();
  }

  private synchronized @Nullable Proxy current() {
    return proxy;
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

  /** Every proxy that may have clients; there is one at least. */
  private List<Proxied> all() {
    List<Proxied> all = allOrNone();
    if (all.isEmpty()) {
      throw new IllegalStateException("the routes are not open");
    }
    return all;
  }

  private synchronized List<Proxied> allOrNone() {
    List<Proxied> all = new ArrayList<>(former);
    if (proxy != null) {
      all.add(new Proxied(proxy, UnaryOperator.identity()));
    }
    if (detours != null) {
      all.add(detours.proxied());
    }
    return all;
  }

  @Override
  public void hold(Duration deadline) {
    List<Proxied> all = all();
    // First, so that what is not led elsewhere any more finds the gate before it or closed.
    kernel.leave();
    if (all.stream().noneMatch(each -> each.proxy().state() instanceof GateState.Holding)) {
      refusedBeforeHold = refused(all);
    }
    all.forEach(each -> each.proxy().hold(deadline));
  }

  private static long refused(List<Proxied> all) {
    return all.stream().mapToLong(each -> each.proxy().stats().total().refused()).sum();
  }

  @Override
  public DrainResult drain(Duration budget) {
    Deadline end = Deadline.in(budget);
    int ended = 0;
    int cut = 0;
    for (Proxied each : all()) {
      DrainResult result = each.proxy().drain(end.remaining());
      ended += result.ended();
      cut += result.cut();
    }
    DrainResult led = kernel.drain(routes, end.remaining());
    return new DrainResult(ended + led.ended(), cut + led.cut());
  }

  @Override
  public void preview(Backend candidate) {
    proxy().preview(candidate);
  }

  @Override
  public void switchTo(Backend backend) {
    kernel.leaveUnlessTo(backend);
    for (Proxied each : all()) {
      each.proxy().switchTo(each.backends().apply(backend));
      each.proxy().preview(null);
    }
    kernel.cutUnlessTo(routes, backend);
  }

  @Override
  public boolean mayLeadByKernel() {
    return kernel.mayLead(routes);
  }

  @Override
  public void leadByKernel(Backend backend) {
    kernel.lead(routes, backend);
  }

  @Override
  public void leadByProxy() {
    kernel.leave();
  }

  @Override
  public void leadByProxy(Backend gone) {
    kernel.leave();
    kernel.cutLedTo(routes, gone);
  }

  @Override
  public Optional<Backend> ledByKernel() {
    return kernel.led();
  }

  @Override
  public synchronized boolean mayHaveClients() {
    return proxy != null || detours != null || !former.isEmpty();
  }

  @Override
  public synchronized void leavePorts() {
    kernel.remove();
    if (proxy != null) {
      proxy.stopListening();
      former.add(new Proxied(proxy, UnaryOperator.identity()));
      proxy = null;
    }
  }

  @Override
  public synchronized List<Integer> openDetours(List<Detour> wanted, Duration holdDeadline) {
    if (detours == null) {
      if (proxy == null) {
        former.removeIf(each -> closeIfIdle(each.proxy()));
        refusedBeforeHold = refused(former);
      }
      Proxy newProxy = Proxy.create(vertx, ProxyOptions.defaults());
      newProxy.hold(holdDeadline);
      try {
        newProxy.open(wanted.stream().map(this::route).toList(), null);
      } catch (RouteUnavailableException e) {
        newProxy.close();
        throw new RefusedException(String.valueOf(e.getMessage()), e);
      }
      detours =
          new Detours(
              new Proxied(newProxy, backend -> onDetours(backend, wanted)),
              wanted.stream().map(detour -> newProxy.port(name(detour))).toList());
    }
    return detours.ports();
  }

  private static boolean closeIfIdle(Proxy idle) {
    RouteStats total = idle.stats().total();
    if (total.open() > 0 || total.heldNow() > 0) {
      return false;
    }
    idle.close();
    return true;
  }

  private Route route(Detour detour) {
    RouteSettings of =
        routes.stream()
            .filter(route -> route.name().equals(detour.route()))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("no route " + detour.route()));
    return new Route(
        name(detour), new ListenAddress(detour.host(), 0), of.options().withPreview(null));
  }

  private static String name(Detour detour) {
    return detour.route() + " " + detour.index();
  }

  private static Backend onDetours(Backend backend, List<Detour> detours) {
    Map<String, List<Target>> targets = new TreeMap<>();
    for (Detour detour : detours) {
      List<Target> ofRoute = backend.targets().getOrDefault(detour.route(), List.of());
      targets.put(name(detour), List.of(ofRoute.get(detour.index())));
    }
    return new Backend(backend.name(), targets);
  }

  @Override
  public synchronized void closeDetours() {
    if (detours != null) {
      detours.proxied().proxy().stopListening();
      former.add(detours.proxied());
      detours = null;
    }
  }

  @Override
  public Map<String, String> findUnavailable(Set<String> taken) {
    Map<String, String> reasons = new TreeMap<>();
    for (RouteSettings route : routes) {
      try (Proxy trial = Proxy.create(vertx, ProxyOptions.defaults())) {
        trial.open(
            List.of(new Route(route.name(), route.listen(), route.options().withPreview(null))),
            null);
      } catch (RouteUnavailableException e) {
        if (!(e.inUse() && taken.contains(route.name()))) {
          reasons.put(route.name(), String.valueOf(e.getMessage()));
        }
      }
    }
    return reasons;
  }

  @Override
  public synchronized boolean isOpenTo(String name) {
    return proxy != null
        && proxy.state() instanceof GateState.Open open
        && open.backend().name().equals(name);
  }

  @Override
  public synchronized void stopListening() {
    try {
      kernel.remove();
    } finally {
      close();
      inherited.refuseClients(proxyRoutes());
    }
  }

  /** Refuses clients on inherited sockets, unless the routes are open. */
  synchronized void stopListeningUnlessOpen() {
    if (proxy == null) {
      kernel.remove();
      inherited.refuseClients(proxyRoutes());
    }
  }

  /** Whether the routes are closed, or are open and lead to a backend. */
  synchronized boolean isClosedOrServing() {
    return proxy == null || proxy.state() instanceof GateState.Open;
  }

  /** The proxy, while the routes are open. */
  Optional<Proxy> openProxy() {
    return Optional.ofNullable(current());
  }

  /** The routes, for a comparison. */
  List<RouteSettings> settings() {
    return routes;
  }

  /**
   * Leaves new connections to another proxy that listens already: lets the open connections end for
   * at most the budget, then cuts the rest and closes.
   */
  void leave(Duration budget) {
    List<Proxy> leaving = new ArrayList<>();
    synchronized (this) {
      if (proxy != null) {
        leaving.add(proxy);
      }
      former.forEach(each -> leaving.add(each.proxy()));
    }
    Deadline end = Deadline.in(budget);
    for (Proxy each : leaving) {
      DrainResult _ = each.leave(end.remaining());
    }
    close();
  }

  @Override
  public Receipt.Traffic trafficSinceHold() {
    // Of several proxies the longest wait and the worst percentile count.
    List<Proxied> all = all();
    long held = 0;
    long longest = 0;
    long p99 = 0;
    for (Proxied each : all) {
      HoldStats hold = each.proxy().stats().total().lastHold();
      held += hold.held();
      longest = Math.max(longest, hold.longest().toMillis());
      p99 = Math.max(p99, hold.p99().toMillis());
    }
    return new Receipt.Traffic(held, longest, p99, refused(all) - refusedBeforeHold, 0, 0);
  }

  @Override
  public Map<String, Clients> clients(String name) {
    Map<String, Clients> clients = new TreeMap<>();
    for (Proxied each : allOrNone()) {
      Map<String, RouteStats> stats = each.proxy().stats().routes();
      for (RouteSettings route : routes) {
        stats.forEach((of, figures) -> {
          TargetStats target = figures.byTarget().get(name);
          if (target != null && (of.equals(route.name()) || of.startsWith(route.name() + " "))) {
            clients.merge(route.name(), clients(route, target), Clients::plus);
          }
        });
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
    Map<String, KernelPath.RouteFigures> led = kernel.figures(routes);
    return routes.stream()
        .map(route -> stateOf(route, current, Objects.requireNonNull(led.get(route.name()))))
        .toList();
  }

  private static RouteState stateOf(
      RouteSettings route, @Nullable Proxy proxy, KernelPath.RouteFigures led) {
    String address = route.address();
    RouteStats stats = proxy == null ? null : proxy.stats().routes().get(route.name());
    if (proxy == null || stats == null) {
      return new RouteState(
          route.name(), address, route.inner(), "not open", 0, 0, 0, 0, led.state());
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
        stats.open() + led.open(),
        stats.total() + led.state().connections(),
        stats.heldNow(),
        stats.dropped(),
        led.state());
  }

  /** Closes the proxy; systemd's sockets stay open, and clients wait there for the next start. */
  @Override
  public synchronized void close() {
    openFailure = "";
    closeDetours();
    if (proxy != null) {
      proxy.close();
      proxy = null;
    }
    former.forEach(each -> each.proxy().close());
    former.clear();
  }
}
