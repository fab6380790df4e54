package dev.orchestrator.traffic;

import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.netfilter.NoPacketFilter;
import dev.orchestrator.netfilter.PacketFilter;
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
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of all stacks of the service. They stay open while journals and API are handed to
 * another process, and while the settings of a stack are read anew. Thread-safe; calls block.
 */
public final class ServiceTraffic implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ServiceTraffic.class);
  private static final Duration SERVING_LIMIT = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final Vertx vertx;
  private final InheritedSockets inherited;
  private final PacketFilter filter;
  private final String tablePrefix;

  /** Tables of an earlier process of this home. */
  private final Set<String> tablesFound;

  private final Map<String, KernelPath> kernelPaths = new HashMap<>();
  private final Map<String, ProxyTraffic> stacks = new LinkedHashMap<>();

  /** Whether another process has the routes, and the kernel's rules, from now on. */
  private boolean left;

  /** By the stack, routes that others replace, and whose connections have not ended yet. */
  private final Map<String, ProxyTraffic> replaced = new HashMap<>();

  /**
   * Without any stack.
   *
   * @param inherited listening sockets of the predecessor process or of systemd
   */
  public ServiceTraffic(Vertx vertx, InheritedSockets inherited) {
    this(vertx, inherited, new NoPacketFilter(), "");
  }

  /**
   * The same with a kernel that may lead clients past the proxy.
   *
   * @param home the mark of the service's home, which no other service on this host has
   */
  public ServiceTraffic(Vertx vertx, InheritedSockets inherited, PacketFilter filter, String home) {
    this.vertx = vertx;
    this.inherited = inherited;
    this.filter = filter;
    this.tablePrefix = "orchestrator_" + home + "_";
    this.tablesFound = new HashSet<>(filter.tables(tablePrefix));
  }

  private KernelPath kernelPath(String stack) {
    return kernelPaths.computeIfAbsent(
        stack,
        name ->
            new KernelPath(
                filter, tablePrefix + name, name, tablesFound.contains(tablePrefix + name)));
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
    ProxyTraffic traffic = new ProxyTraffic(vertx, routes, inherited, before, kernelPath(stack));
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

  private static void remove(KernelPath path) {
    try {
      path.remove();
    } catch (RefusedException e) {
      log.error("the rules of {} stay: {}", path, e.getMessage());
    }
  }

  /** Closes the routes of a stack that is no longer there. */
  public synchronized void remove(String stack) {
    ProxyTraffic traffic = stacks.remove(stack);
    if (traffic != null) {
      traffic.stopListening();
    }
  }

  /**
   * Gives up the inherited sockets that no route has taken, and the kernel's rules of stacks that
   * are not there any more. To be called when every stack that serves has opened its routes.
   */
  public synchronized void settle() {
    stacks.values().forEach(ProxyTraffic::stopListeningUnlessOpen);
    stacks.keySet().forEach(stack -> tablesFound.remove(tablePrefix + stack));
    tablesFound.forEach(this::removeTable);
    tablesFound.clear();
    inherited.close();
  }

  private void removeTable(String table) {
    try {
      filter.remove(table);
    } catch (RefusedException e) {
      log.error("the rules in table ip {} stay: {}", table, e.getMessage());
    }
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
      left = true;
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

  /**
   * Closes all routes, and removes the kernel's rules, unless another process has both; systemd's
   * sockets stay open, and clients wait there for the next start.
   */
  @Override
  public synchronized void close() {
    if (!left) {
      kernelPaths.values().forEach(ServiceTraffic::remove);
    }
    replaced.values().forEach(ProxyTraffic::close);
    stacks.values().forEach(ProxyTraffic::close);
  }
}
