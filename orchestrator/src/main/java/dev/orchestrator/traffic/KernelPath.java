package dev.orchestrator.traffic;

import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.netfilter.LeadRules;
import dev.orchestrator.netfilter.LeadRules.Lead;
import dev.orchestrator.netfilter.NoPacketFilter;
import dev.orchestrator.netfilter.PacketFilter;
import dev.orchestrator.netfilter.PacketFilter.Figures;
import dev.orchestrator.netfilter.TrackedConnection;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.settings.RoutePath;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.traffic.Traffic.PathState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The path of a stack's clients past the proxy: between runs the kernel leads new connections
 * straight to the capsule that serves. Whatever it does not lead comes to the proxy, which listens
 * on the same ports all the time; so leaving this path is safe at any moment, and a host that can't
 * do it loses nothing but speed. The rules survive this process. Thread-safe; calls block.
 */
final class KernelPath {
  private static final Logger log = LoggerFactory.getLogger(KernelPath.class);
  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
  private static final String NOT_NOW =
      "while a run holds or watches clients, or the capsule is being started";

  /** A route's state, and its connections that are open. */
  record RouteFigures(PathState state, long open) {}

  private final PacketFilter filter;
  private final String table;
  private final String stack;

  /** Whether the table may be there, made by this process or one before. */
  private boolean made;

  /** Whether it may lead somewhere. */
  private boolean leading;

  private @Nullable Backend led;

  /** Why a route was not led at the last attempt, by its name. */
  private Map<String, String> obstacles = Map.of();

  /**
   * Changes nothing yet.
   *
   * @param table the name of its rules' table
   * @param found whether an earlier process has left the table
   */
  KernelPath(PacketFilter filter, String table, String stack, boolean found) {
    this.filter = filter;
    this.table = table;
    this.stack = stack;
    this.made = found;
    this.leading = found;
  }

  /** The path of a stack whose clients all come by the proxy. */
  static KernelPath none() {
    return new KernelPath(new NoPacketFilter(), "", "", false);
  }

  /** Whether the kernel may lead any of the routes, or did. */
  synchronized boolean mayLead(List<RouteSettings> routes) {
    return made || routes.stream().anyMatch(KernelPath::isWorthATry);
  }

  /** Whether a route is led on some host, with some backend. */
  private static boolean isWorthATry(RouteSettings route) {
    return route.path() != RoutePath.PROXY && findObstacle(route).isEmpty();
  }

  /** What new connections are led to; empty where they all come by the proxy. */
  synchronized Optional<Backend> led() {
    return Optional.ofNullable(led);
  }

  /**
   * Leads new connections to a backend, on the routes that are set so and where this host can do
   * it; those of the other routes come by the proxy.
   */
  synchronized void lead(List<RouteSettings> routes, Backend backend) {
    Map<String, String> found = new HashMap<>();
    List<Lead> leads = new ArrayList<>();
    String bridge = findLeads(routes, backend, leads, found);
    try {
      if (leads.isEmpty()) {
        remove();
      } else {
        made = true;
        filter.lead(new LeadRules(table, "orchestrator, stack %s".formatted(stack), bridge, leads));
        leading = true;
        led = backend;
      }
    } catch (RefusedException e) {
      leads.forEach(lead -> found.put(lead.route(), String.valueOf(e.getMessage())));
      leave();
    }
    if (!found.equals(obstacles)) {
      found.forEach(
          (route, why) -> log.info("stack {}: route {} is the proxy's: {}", stack, route, why));
    }
    obstacles = Map.copyOf(found);
  }

  /** Finds what can be led, and why the rest can't; returns the network of the backend. */
  private String findLeads(
      List<RouteSettings> routes, Backend backend, List<Lead> leads, Map<String, String> found) {
    List<RouteSettings> suited = new ArrayList<>();
    for (RouteSettings route : routes) {
      if (route.path() == RoutePath.PROXY) {
        continue;
      }
      String why = findObstacle(route, targets(backend, route));
      if (why.isEmpty()) {
        suited.add(route);
      } else {
        found.put(route.name(), why);
      }
    }
    if (suited.isEmpty()) {
      return "";
    }
    String host = filter.findObstacle();
    String address = targets(backend, suited.getFirst()).getFirst().host();
    Optional<String> bridge = host.isEmpty() ? filter.bridgeOf(address) : Optional.empty();
    if (host.isEmpty() && bridge.isEmpty()) {
      host = "the capsule's address %s is in no network of this host".formatted(address);
    }
    boolean careful = suited.stream().anyMatch(route -> route.path() == RoutePath.AUTO);
    String firewall = careful && host.isEmpty() ? filter.findFirewallRules() : "";
    for (RouteSettings route : suited) {
      if (!host.isEmpty()) {
        found.put(route.name(), host);
      } else if (route.path() == RoutePath.AUTO && !firewall.isEmpty()) {
        found.put(
            route.name(),
            "this host's firewall may mean it otherwise (%s): path = kernel if its rules let clients through"
                .formatted(firewall));
      } else {
        leads.addAll(leads(route, targets(backend, route)));
      }
    }
    return bridge.orElse("");
  }

  private static List<Target> targets(Backend backend, RouteSettings route) {
    return backend.targets().getOrDefault(route.name(), List.of());
  }

  /** Why a route can't be led on any host; empty where it can. */
  private static String findObstacle(RouteSettings route) {
    if (!route.needsProxy().isEmpty()) {
      return route.needsProxy() + " is the proxy's work";
    }
    ListenAddress listen = route.listen();
    if (listen.isLoopback()) {
      return "only this host's own programs reach it, which the kernel does not lead";
    }
    return listen.everyAddress() || listen.isIpv4() ? "" : listen.host() + " is no IPv4 address";
  }

  /** Why a route can't be led to these targets; empty where it can. */
  private static String findObstacle(RouteSettings route, List<Target> targets) {
    String ofRoute = findObstacle(route);
    if (!ofRoute.isEmpty()) {
      return ofRoute;
    }
    if (targets.stream().anyMatch(target -> target.replicas() > 1)) {
      return "the service has replicas, which get connections in turn";
    }
    return targets.size() == route.listen().ports()
            && targets.stream().allMatch(target -> isIpv4(target.host()))
        ? ""
        : "the capsule has no IPv4 address";
  }

  private static boolean isIpv4(String host) {
    return IPV4.matcher(host).matches();
  }

  private static List<Lead> leads(RouteSettings route, List<Target> targets) {
    ListenAddress listen = route.listen();
    List<Lead> leads = new ArrayList<>();
    for (int index = 0; index < listen.ports(); index++) {
      Target target = targets.get(index);
      leads.add(
          new Lead(
              route.name(),
              isUdp(route),
              listen.everyAddress() ? "" : listen.host(),
              listen.first() + index,
              target.host(),
              target.port(),
              route.verify() && !isUdp(route)));
    }
    return leads;
  }

  private static boolean isUdp(RouteSettings route) {
    return route.options().protocol().isDatagram();
  }

  /** Leads nothing any more: new connections come by the proxy. Open ones stay where they are. */
  synchronized void leave() {
    if (leading) {
      filter.leadNowhere(table);
      leading = false;
      led = null;
    }
  }

  /**
   * The same before a switch to a backend, unless it leads there: clients that wait in the proxy
   * must be released, even where the kernel's rules can't be changed.
   */
  synchronized void leaveUnlessTo(@Nullable Backend backend) {
    if (led != null && led.equals(backend)) {
      return;
    }
    try {
      leave();
    } catch (RefusedException e) {
      log.error("stack {}: clients may be led to what does not serve: {}", stack, e.getMessage());
    }
  }

  /** Removes the rules; the same for connections. */
  synchronized void remove() {
    if (made) {
      filter.remove(table);
      made = false;
      leading = false;
      led = null;
    }
  }

  /**
   * Lets the connections that were led end for at most the budget. Those of tcp that are left end
   * with their service, unless the budget is zero: then they are cut. Clients of udp, whose
   * datagrams have no end, go to the proxy with their next one.
   */
  DrainResult drain(List<RouteSettings> routes, Duration budget) {
    if (!mayHaveLed()) {
      return new DrainResult(0, 0);
    }
    Deadline end = Deadline.in(budget);
    long first = connections(routes, false).size();
    long now = first;
    while (now > 0 && !end.passed()) {
      LockSupport.parkNanos(PAUSE.toNanos());
      now = connections(routes, false).size();
    }
    cut(true, connections(routes, true));
    if (budget.isZero()) {
      cut(false, connections(routes, false));
    }
    return new DrainResult((int) Math.max(0, first - now), (int) now);
  }

  /**
   * Cuts the connections of tcp that were led elsewhere than to this backend: to a service that is
   * frozen, which would keep its clients waiting for as long as it is there. What was stopped has
   * ended its connections.
   */
  void cutUnlessTo(List<RouteSettings> routes, Backend backend) {
    Set<String> addresses = addresses(backend);
    cutSome(routes, each -> !addresses.contains(each.address()));
  }

  /**
   * Cuts the connections of tcp that were led to a backend that is gone. A client whose connection
   * is not established yet comes to the proxy with its next try.
   */
  void cutLedTo(List<RouteSettings> routes, Backend gone) {
    Set<String> addresses = addresses(gone);
    cutSome(routes, each -> addresses.contains(each.address()));
  }

  private static Set<String> addresses(Backend backend) {
    Set<String> addresses = new HashSet<>();
    backend.targets().values().forEach(each -> each.forEach(to -> addresses.add(to.host())));
    return addresses;
  }

  private void cutSome(List<RouteSettings> routes, Predicate<TrackedConnection> which) {
    if (!mayHaveLed()) {
      return;
    }
    try {
      cut(false, connections(routes, false).stream().filter(which).toList());
    } catch (RefusedException e) {
      log.error("stack {}: connections to what does not serve stay: {}", stack, e.getMessage());
    }
  }

  private synchronized boolean mayHaveLed() {
    return made;
  }

  private void cut(boolean udp, List<TrackedConnection> connections) {
    Set<String> addresses = new HashSet<>();
    connections.forEach(each -> addresses.add(each.address()));
    addresses.forEach(address -> filter.cut(udp, address));
  }

  /** The open connections of the routes that were led past the proxy. */
  private List<TrackedConnection> connections(List<RouteSettings> routes, boolean udp) {
    List<RouteSettings> some = routes.stream().filter(route -> isUdp(route) == udp).toList();
    if (some.isEmpty()) {
      return List.of();
    }
    return filter.connections().stream()
        .filter(each -> each.udp() == udp && each.isOpen())
        .filter(each -> some.stream().anyMatch(route -> isOf(route, each)))
        .toList();
  }

  private static boolean isOf(RouteSettings route, TrackedConnection connection) {
    ListenAddress listen = route.listen();
    return isUdp(route) == connection.udp()
        && route.listens(connection.port())
        && (listen.everyAddress() || listen.host().equals(connection.host()));
  }

  /** The state of each route, by its name. */
  Map<String, RouteFigures> figures(List<RouteSettings> routes) {
    boolean leads;
    Map<String, String> reasons;
    synchronized (this) {
      leads = led != null;
      reasons = obstacles;
    }
    // A hold must not wait for these.
    boolean mayHaveLed = mayHaveLed();
    Map<String, Figures> counted = mayHaveLed ? filter.figures(table) : Map.of();
    List<TrackedConnection> open = mayHaveLed ? findOpen() : List.of();
    Map<String, RouteFigures> figures = new HashMap<>();
    for (RouteSettings route : routes) {
      boolean asked = route.path() != RoutePath.PROXY;
      String why = asked ? reasons.getOrDefault(route.name(), leads ? "" : NOT_NOW) : "";
      Figures its = counted.getOrDefault(LeadRules.counterName(route.name()), Figures.NONE);
      PathState state =
          new PathState(
              route.path(), asked && leads && why.isEmpty(), why, its.connections(), its.bytes());
      long openNow = open.stream().filter(each -> isOf(route, each)).count();
      figures.put(route.name(), new RouteFigures(state, openNow));
    }
    return figures;
  }

  private List<TrackedConnection> findOpen() {
    try {
      return filter.connections().stream().filter(TrackedConnection::isOpen).toList();
    } catch (RefusedException e) {
      log.warn("stack {}: {}", stack, e.getMessage());
      return List.of();
    }
  }

  @Override
  public String toString() {
    return "table ip " + table;
  }
}
