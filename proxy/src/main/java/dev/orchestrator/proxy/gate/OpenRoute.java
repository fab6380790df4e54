package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.epoll.LoopContexts;
import dev.orchestrator.proxy.epoll.TargetResolver;
import dev.orchestrator.proxy.stats.RouteCounters;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A route that is open, or its preview: the state that all its connections share. Thread-safe. */
public final class OpenRoute {
  private static final Logger log = LoggerFactory.getLogger(OpenRoute.class);
  private static final long WARN_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

  public final Route definition;
  public final RouteOptions options;
  public final ListenAddress listen;

  /** The name for logs and errors. */
  public final String label;

  public final Gate gate;
  public final Sessions sessions;
  public final LoopContexts loops;
  public final RouteCounters counters = new RouteCounters();
  public final WaitingQueue queue;
  public final ProxyOptions limits;
  public final HeldBytes heldBytes;
  public final Semaphore heldSlots;
  public final TargetResolver resolver;
  final AtomicLong arrivals = new AtomicLong();
  private final Shared shared;
  private final AtomicLong nextWarning = new AtomicLong(System.nanoTime());
  private final AtomicLong suppressedWarnings = new AtomicLong();
  private final List<Runnable> gateListeners = new CopyOnWriteArrayList<>();
  private volatile @Nullable Replicas resolved;

  /**
   * A route that does not listen yet.
   *
   * @param preview makes it the preview of the route instead
   */
  public OpenRoute(Route definition, boolean preview, Shared shared) {
    this.definition = definition;
    this.options = definition.options();
    this.shared = shared;
    this.listen = preview ? Objects.requireNonNull(options.preview()) : definition.listen();
    this.label = definition.name() + (preview ? " (preview)" : "");
    this.limits = shared.options();
    this.gate = preview ? shared.preview() : shared.gate();
    HoldLimits held = options.protocol() == Protocol.UDP ? shared.heldUdp() : shared.held();
    this.heldSlots = held.slots();
    this.heldBytes = held.bytes();
    this.sessions = shared.sessions();
    this.loops = shared.loops();
    this.resolver = shared.resolver();
    this.queue = new WaitingQueue(gate, limits.connectsInFlight());
  }

  /**
   * State that all routes of a proxy share.
   *
   * @param gate of the routes
   * @param preview the gate of the previews
   * @param held bounds what waits of the tcp and http routes
   * @param heldUdp bounds what waits of the udp routes: senders of datagrams, whose addresses may
   *     be false, must not cost a connection
   * @param leaving true once this process gives the routes away
   */
  public record Shared(
      ProxyOptions options,
      Gate gate,
      Gate preview,
      HoldLimits held,
      HoldLimits heldUdp,
      Sessions sessions,
      LoopContexts loops,
      TargetResolver resolver,
      AtomicBoolean leaving) {}

  /** True once this process gives the routes away: clients should open another connection. */
  public boolean isLeaving() {
    return shared.leaving().get();
  }

  /** Adds what is run after each change of the gate, on the thread that changes it. */
  public void onGateChange(Runnable listener) {
    gateListeners.add(listener);
  }

  /** To be called after each change of the gate. */
  public void gateChanged() {
    queue.gateChanged();
    gateListeners.forEach(Runnable::run);
  }

  /** The addresses of this route's targets on a backend: of the replicas whose turn it is. */
  public ResolvedBackend resolve(Backend backend) {
    return replicas(backend).current();
  }

  /** The same, and not the replicas to which a connect has just failed if there are others. */
  ResolvedBackend resolve(Backend backend, @Nullable ResolvedBackend failed) {
    return replicas(backend).currentExcept(failed);
  }

  /** To be called when what {@link #resolve} gave was taken: the next replicas have their turn. */
  public void endTurn(ResolvedBackend taken) {
    replicas(taken.definition()).endTurn();
  }

  private Replicas replicas(Backend backend) {
    Replicas latest = resolved;
    if (latest == null || !latest.areOf(backend)) {
      latest = new Replicas(definition, backend, counters.target(backend.name()));
      resolved = latest;
    }
    return latest;
  }

  /**
   * Checks that a backend has a target for each port of this route.
   *
   * @throws IllegalArgumentException when it has not
   */
  public void requireTargets(Backend backend) {
    List<Target> targets = backend.targets().get(definition.name());
    if (targets == null) {
      throw new IllegalArgumentException(
          backend.name() + " has no target for route " + definition.name());
    }
    if (targets.size() != listen.ports()) {
      throw new IllegalArgumentException(
          "%s has %d targets for the %d ports of route %s"
              .formatted(backend.name(), targets.size(), listen.ports(), definition.name()));
    }
  }

  /** Counts a client as not served, as the bound on bytes held in memory is reached. */
  public void countOverBytes() {
    counters.refused.increment();
    warn("clients' requests take too much memory (max held bytes " + limits.maxHeldBytes() + ")");
  }

  /** Logs what went wrong with a connection, at most one line a second however many fail. */
  public void warn(String message) {
    long due = nextWarning.get();
    long now = System.nanoTime();
    if (now - due >= 0 && nextWarning.compareAndSet(due, now + WARN_EVERY_NANOS)) {
      long suppressed = suppressedWarnings.getAndSet(0);
      log.warn(
          "route {}: {}{}",
          label,
          message,
          suppressed == 0 ? "" : " (" + suppressed + " more warnings not shown)");
    } else {
      suppressedWarnings.incrementAndGet();
    }
  }
}
