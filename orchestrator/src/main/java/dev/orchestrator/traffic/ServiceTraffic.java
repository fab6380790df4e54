package dev.orchestrator.traffic;

import dev.orchestrator.common.Deadline;
import dev.orchestrator.proxy.Handover;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.proxy.listen.SystemdSockets;
import dev.orchestrator.settings.AutoRoutes;
import dev.orchestrator.settings.RouteSettings;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * The routes of all stacks of the service. They stay open while journals and API are handed to
 * another process, and while the settings of a stack are read anew. Thread-safe; calls block.
 */
public final class ServiceTraffic implements AutoCloseable {
  private static final Duration SERVING_LIMIT = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final Vertx vertx;
  private final InheritedSockets inherited;
  private final Map<String, ProxyTraffic> stacks = new LinkedHashMap<>();

  /** By the stack, routes that others replace, and whose connections have not ended yet. */
  private final Map<String, ProxyTraffic> replaced = new HashMap<>();

  /**
   * Without any stack.
   *
   * @param inherited listening sockets of the predecessor process or of systemd
   */
  public ServiceTraffic(Vertx vertx, InheritedSockets inherited) {
    this.vertx = vertx;
    this.inherited = inherited;
  }

  /**
   * The routes of a stack: those that are there, unless the settings are others now; then new ones
   * on the same sockets, and {@link #dropReplaced} or {@link #restoreReplaced} ends one of the two.
   */
  public synchronized ProxyTraffic of(String stack, List<RouteSettings> routes) {
    return of(stack, routes, Set.of());
  }

  /**
   * The same for one of several stacks that change at the same time.
   *
   * @param changing names of these stacks, whose ports may become this one's
   */
  public synchronized ProxyTraffic of(
      String stack, List<RouteSettings> routes, Set<String> changing) {
    ProxyTraffic known = stacks.get(stack);
    if (known != null && isSame(known.settings(), routes)) {
      return known;
    }
    List<ProxyTraffic> before = new ArrayList<>();
    if (known != null) {
      before.add(known);
    }
    if (!hasSystemdSockets() || (known != null && known.openProxy().isPresent())) {
      for (String other : changing) {
        ProxyTraffic its = replaced.getOrDefault(other, stacks.get(other));
        if (!other.equals(stack) && its != null) {
          before.add(its);
        }
      }
    }
    ProxyTraffic traffic = new ProxyTraffic(vertx, routes, inherited, before);
    stacks.put(stack, traffic);
    if (known != null) {
      replaced.put(stack, known);
    }
    return traffic;
  }

  private static boolean isSame(List<RouteSettings> some, List<RouteSettings> others) {
    boolean auto = some instanceof AutoRoutes;
    return auto == others instanceof AutoRoutes && (auto || some.equals(others));
  }

  /**
   * Ends the routes that others have replaced, in the background: when those lead somewhere, the
   * old connections may go on for at most the budget.
   */
  public synchronized void dropReplaced(String stack, Duration budget) {
    ProxyTraffic old = replaced.remove(stack);
    ProxyTraffic next = stacks.get(stack);
    if (old == null || next == null) {
      return;
    }
    Thread.ofVirtual()
        .name("replaced routes")
        .start(() -> {
          Deadline deadline = Deadline.in(SERVING_LIMIT);
          while (!next.isClosedOrServing() && !deadline.passed()) {
            LockSupport.parkNanos(PAUSE.toNanos());
          }
          old.leave(budget);
        });
  }

  /** Goes back to the routes that were replaced. */
  public synchronized void restoreReplaced(String stack) {
    ProxyTraffic old = replaced.remove(stack);
    if (old != null) {
      ProxyTraffic failed = stacks.put(stack, old);
      if (failed != null) {
        failed.close();
      }
    }
  }

  private static Thread leaving(ProxyTraffic traffic, Duration budget) {
    return Thread.ofVirtual().name("leaving routes").start(() -> traffic.leave(budget));
  }

  /** Closes the routes of a stack that is no longer there. */
  public synchronized void remove(String stack) {
    ProxyTraffic traffic = stacks.remove(stack);
    if (traffic != null) {
      traffic.stopListening();
    }
  }

  /**
   * Gives up the inherited sockets that no route has taken. To be called when every stack that
   * serves has opened its routes.
   */
  public synchronized void settle() {
    stacks.values().forEach(ProxyTraffic::stopListeningUnlessOpen);
    inherited.close();
  }

  /**
   * Whether the listening sockets are systemd's, which passes them to the next start of the
   * service.
   */
  public boolean hasSystemdSockets() {
    return inherited instanceof SystemdSockets;
  }

  /** The stacks whose routes are open and lead nowhere. */
  public synchronized List<String> waitingStacks() {
    return stacks.entrySet().stream()
        .filter(stack -> !stack.getValue().isClosedOrServing())
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Offers the listening sockets of all open routes to another process. */
  public synchronized Handover offer(Path socket, Handover.Owner owner) throws IOException {
    return Handover.offer(
        vertx,
        stacks.values().stream().flatMap(traffic -> traffic.openProxy().stream()).toList(),
        socket,
        owner);
  }

  /**
   * Leaves new connections to another process that listens already: lets the open connections end
   * for at most the budget, then cuts the rest and stops listening.
   */
  public void leave(Duration budget) {
    List<ProxyTraffic> all;
    synchronized (this) {
      all = List.copyOf(stacks.values());
    }
    List<Thread> threads = all.stream().map(traffic -> leaving(traffic, budget)).toList();
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Closes all routes; systemd's sockets stay open, and clients wait there for the next start. */
  @Override
  public synchronized void close() {
    replaced.values().forEach(ProxyTraffic::close);
    stacks.values().forEach(ProxyTraffic::close);
  }
}
