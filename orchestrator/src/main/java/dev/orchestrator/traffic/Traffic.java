package dev.orchestrator.traffic;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.settings.RoutePath;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The proxy, as the saga uses it. Every call blocks until it has taken effect; repeating it changes
 * nothing. Thread-safe.
 */
public interface Traffic extends AutoCloseable {

  /**
   * The state and counters of a route, for {@code status}.
   *
   * @param open connections now, by whichever path
   * @param total connections since the routes opened, by whichever path
   * @param dropped datagrams of a udp route that reached nobody
   */
  record RouteState(
      String name,
      String address,
      String target,
      String gate,
      long open,
      long total,
      long held,
      long dropped,
      PathState path) {}

  /**
   * Which way new connections of a route take now.
   *
   * @param wanted as configured
   * @param kernel whether the kernel leads them past the proxy
   * @param why in few words, where it does not although that was asked for; or empty
   * @param connections that the kernel has led so far
   * @param bytes that went that way, in both directions, with the heads of packets
   */
  record PathState(RoutePath wanted, boolean kernel, String why, long connections, long bytes) {}

  /**
   * Counters of what clients got from one backend since the routes opened.
   *
   * @param connections connections to the backend
   * @param failed attempts to connect that failed, also those repeated with success
   * @param broken connections that the backend broke off
   * @param answers answers on HTTP routes
   * @param errors answers with a status of 500 or more
   * @param served clients (on HTTP routes: requests) that got something
   * @param unserved clients (on HTTP routes: requests) that got nothing, for all attempts to
   *     connect; those of routes that are not verified are left out
   */
  record Clients(
      long connections,
      long failed,
      long broken,
      long answers,
      long errors,
      long served,
      long unserved) {
    public static final Clients NONE = new Clients(0, 0, 0, 0, 0, 0, 0);

    /** The sum of both. */
    public Clients plus(Clients other) {
      return new Clients(
          connections + other.connections,
          failed + other.failed,
          broken + other.broken,
          answers + other.answers,
          errors + other.errors,
          served + other.served,
          unserved + other.unserved);
    }

    /** The difference from an earlier reading. */
    public Clients since(Clients before) {
      return new Clients(
          connections - before.connections,
          failed - before.failed,
          broken - before.broken,
          answers - before.answers,
          errors - before.errors,
          served - before.served,
          unserved - before.unserved);
    }
  }

  /**
   * A port of a route for whose clients this process listens on another port too, as the route's
   * own port belongs to another process.
   *
   * @param index of the port among the route's, counted from 0
   * @param host to listen on: {@code 0.0.0.0} for all addresses
   */
  record Detour(String route, int index, String host) {}

  /**
   * Listens on every route, or on none. Connections wait until a backend is given or the deadline
   * has passed. No effect when the routes are open already.
   *
   * @throws dev.orchestrator.common.RefusedException when a port is not available
   */
  void open(Duration holdDeadline);

  /**
   * Why the routes could not be opened at the last attempt; empty when they are open, or are not
   * meant to be.
   */
  String openFailure();

  /**
   * Makes new connections wait from now on, whichever path they took before. After the deadline
   * they are released to the backend that served: the last resort against a saga that hangs.
   */
  void hold(Duration deadline);

  /**
   * Lets open connections end for at most the budget, then closes the rest. Of those that the
   * kernel has led past the proxy, the ones of tcp then end with their service, which tells their
   * clients so; they are cut only where the budget is zero.
   */
  DrainResult drain(Duration budget);

  /** Leads the preview routes to the candidate, until the next {@link #switchTo}. */
  void preview(Backend candidate);

  /**
   * Leads every route to a backend, by one write of a reference, releases the waiting connections
   * to it and closes the previews.
   */
  void switchTo(Backend backend);

  /** Whether any route is one whose clients the kernel may lead past the proxy. */
  boolean mayLeadByKernel();

  /**
   * Has the kernel lead new connections straight to the backend, past the proxy, on the routes that
   * are set so and where this host can do that; {@link #routes} tells the others, and why. Until
   * the next hold or switch; it survives the end of this process.
   */
  void leadByKernel(Backend backend);

  /**
   * Has all new connections come by the proxy. Those that the kernel has led stay where they are.
   *
   * @throws dev.orchestrator.common.RefusedException when the kernel's rules can't be changed
   */
  void leadByProxy();

  /**
   * The same when the backend that the kernel has led to is gone: clients that are connecting there
   * come to the proxy with their next try, and wait.
   *
   * @throws dev.orchestrator.common.RefusedException when the kernel's rules can't be changed
   */
  void leadByProxy(Backend gone);

  /** What the kernel leads new connections to, past the proxy; empty where it leads none. */
  Optional<Backend> ledByKernel();

  /** Whether new connections go to the backend with this name now. */
  boolean isOpenTo(String name);

  /** Stops listening on every route. */
  void stopListening();

  /** Whether any port is open, or has connections that live on. */
  boolean mayHaveClients();

  /**
   * Frees the ports of the routes, for another process. Connections that wait or are open live on,
   * and a hold or a switch goes for them too.
   */
  void leavePorts();

  /**
   * Listens on a free port for each detour; connections wait there until a switch, or until the
   * deadline. No effect when the detours are open already. The routes need not be open.
   *
   * @return the ports, in the order of the detours
   */
  List<Integer> openDetours(List<Detour> detours, Duration holdDeadline);

  /** Stops listening on the detours; their connections live on. */
  void closeDetours();

  /**
   * Why a route could not be opened now, by its name; a route that could is not in it. Nothing
   * stays open. To be called while the routes are closed.
   *
   * @param taken routes whose ports another process has: only what else would hinder them is told
   */
  Map<String, String> findUnavailable(Set<String> taken);

  /** What clients have experienced since the last {@link #hold} of an open gate. */
  Receipt.Traffic trafficSinceHold();

  /** The counters of the backend with this name, by the name of the route; none if unknown. */
  Map<String, Clients> clients(String name);

  /** The state of every route, in the order of the settings. */
  List<RouteState> routes();

  @Override
  void close();
}
