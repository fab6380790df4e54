package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.config.RouteUnavailableException;
import dev.orchestrator.proxy.gate.OpenRoute;
import java.util.ArrayList;
import java.util.List;

/** The listening sockets of all routes and of their previews: all of them are open, or none. */
public final class RouteListeners {
  private final List<RouteListener> all;

  private RouteListeners(List<RouteListener> all) {
    this.all = List.copyOf(all);
  }

  /**
   * Binds every port of every route.
   *
   * @throws RouteUnavailableException naming the first route that can't listen; no socket is left
   */
  public static RouteListeners bind(List<OpenRoute> routes, InheritedSockets inherited) {
    List<RouteListener> bound = new ArrayList<>();
    try {
      for (OpenRoute route : routes) {
        for (int port = 0; port < route.listen.ports(); port++) {
          RouteListener taken = inherited.take(route, port);
          bound.add(taken == null ? RouteListener.bind(route, port) : taken);
        }
      }
    } catch (RouteUnavailableException e) {
      bound.forEach(RouteListener::discard);
      throw e;
    }
    return new RouteListeners(bound);
  }

  /**
   * Checks that the routes are different.
   *
   * @throws RouteUnavailableException when two routes have the same name or the same port
   */
  public static void requireDistinct(List<OpenRoute> routes) {
    for (int i = 0; i < routes.size(); i++) {
      OpenRoute route = routes.get(i);
      for (OpenRoute other : routes.subList(0, i)) {
        if (route.label.equals(other.label)) {
          throw unavailable(route, "another route has the same name");
        }
        if (route.options.protocol().isDatagram() == other.options.protocol().isDatagram()
            && route.listen.overlaps(other.listen)) {
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

  /** The port that a route is bound to; of a range, the first. */
  public int port(OpenRoute route) {
    return all.stream()
        .filter(each -> each.route() == route && each.port() == 0)
        .findFirst()
        .map(RouteListener::localPort)
        .orElseThrow(() -> new IllegalArgumentException("no open route " + route.label));
  }

  public List<RouteListener> all() {
    return all;
  }

  public void accept() {
    all.forEach(RouteListener::accept);
  }

  public void pause() {
    all.forEach(RouteListener::pause);
  }

  /** Accepts the clients that are in the kernel's queue now. */
  public void takeQueued() {
    all.forEach(RouteListener::takeQueued);
  }

  public void close() {
    all.forEach(RouteListener::close);
  }
}
