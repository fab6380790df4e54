package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.config.ProxyException;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteUnavailableException;
import dev.orchestrator.proxy.gate.OpenRoute;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Listening sockets that this process has not opened itself. A route takes the socket that is bound
 * to its address, whatever the route was called when the socket was opened. The routes of several
 * proxies may take from the same sockets. Thread-safe.
 */
public sealed interface InheritedSockets extends AutoCloseable
    permits HandedOverSockets, SystemdSockets {
  /** No sockets: every route binds its own. */
  static InheritedSockets none() {
    return new HandedOverSockets(List.of());
  }

  /**
   * The sockets that systemd has opened for this process (sd_listen_fds(3)); none where something
   * else has started it.
   *
   * @throws ProxyException when a descriptor is not a socket that a route can listen on
   */
  static InheritedSockets fromEnvironment(Map<String, String> environment) {
    return SystemdSockets.fromEnvironment(environment, SystemdSockets.FIRST_DESCRIPTOR);
  }

  /** True when another process accepts connections on the same sockets until it is told to stop. */
  boolean isShared();

  /**
   * Takes the socket of one port of a route.
   *
   * @param port the place among the ports of the route, counted from 0
   * @return null when no socket is bound to that address
   * @throws RouteUnavailableException when the socket can not listen
   */
  @Nullable RouteListener take(OpenRoute route, int port);

  /**
   * Makes the sockets of these routes that outlive this process refuse connections until a route
   * takes them again, as if no process had opened them. To be called when these routes are closed.
   */
  void refuseClients(Collection<Route> routes);

  /** Gives up the sockets that no route has taken. */
  @Override
  void close();
}
