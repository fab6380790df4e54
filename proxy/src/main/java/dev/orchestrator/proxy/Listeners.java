package dev.orchestrator.proxy;

import java.util.ArrayList;
import java.util.List;

/** The listening sockets of all routes and of their previews: all are open, or none. */
final class Listeners {
  private final List<Listener> all;

  private Listeners(List<Listener> all) {
    this.all = List.copyOf(all);
  }

  /**
   * Binds every port of every route.
   *
   * @throws RouteUnavailableException naming the first that can't be; none is left bound
   */
  static Listeners bind(List<OpenRoute> routes, Inherited inherited) {
    List<Listener> bound = new ArrayList<>();
    try {
      for (OpenRoute route : routes) {
        for (int port = 0; port < route.listen.ports(); port++) {
          Listener taken = inherited.take(route, port);
          bound.add(taken == null ? Listener.bind(route, port) : taken);
        }
      }
    } catch (RouteUnavailableException e) {
      bound.forEach(Listener::discard);
      throw e;
    }
    return new Listeners(bound);
  }

  /** Fails where two routes want one name or one port. */
  static void checkOverlaps(List<OpenRoute> routes) {
    for (int i = 0; i < routes.size(); i++) {
      OpenRoute route = routes.get(i);
      for (OpenRoute other : routes.subList(0, i)) {
        if (route.label.equals(other.label)) {
          throw unavailable(route, "another route has the same name");
        }
        if (route.listen.overlaps(other.listen)) {
          throw unavailable(
              route,
              "route "
                  + other.label
                  + (route.listen.ports() + other.listen.ports() == 2
                      ? " has the same port"
                      : " has a port of the same range"));
        }
      }
    }
  }

  private static RouteUnavailableException unavailable(OpenRoute route, String reason) {
    return new RouteUnavailableException(route.label, route.listen.toString(), reason, null);
  }

  /** The port that a route is bound to, or the first of them. */
  int port(OpenRoute route) {
    return all.stream()
        .filter(each -> each.route() == route && each.port() == 0)
        .findFirst()
        .map(Listener::localPort)
        .orElseThrow(() -> new IllegalArgumentException("no open route " + route.label));
  }

  List<Listener> all() {
    return all;
  }

  void accept() {
    all.forEach(Listener::accept);
  }

  void pause() {
    all.forEach(Listener::pause);
  }

  void close() {
    all.forEach(Listener::close);
  }
}
