package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.stats.HoldCounters;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection or request on its way to a target: it waits at the gate and in the queue, and
 * attempts to connect that fail are repeated within a bound, as a target may be just about to
 * listen. Lives on one event loop; the methods of {@link QueueEntry} may be called on any thread.
 */
public final class PendingConnect implements QueueEntry, ConnectAttempt.Listener {
  /** A target that doesn't answer an attempt to connect for so long hangs. */
  private static final long HANGS_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /**
   * The client connection or request that waits. Called on its event loop. Exactly one of {@link
   * #connected}, {@link #rejected} and {@link #useIdleConnection} (with true) ends the wait, unless
   * {@link #giveUp} comes before.
   */
  public interface Client {
    /** Takes over a new connection to the target. */
    void connected(ResolvedBackend backend, EpollSocket target);

    /** The client will not be served. */
    void rejected(RejectReason reason);

    /** The client has left: it must call {@link PendingConnect#giveUp} and close. */
    void abandon();

    /** True when the client has ended its stream, which means at a held gate that it has left. */
    boolean hasLeft();

    /** Uses a connection to the backend that was kept idle; false when there is none. */
    default boolean useIdleConnection(ResolvedBackend backend) {
      return false;
    }
  }

  private final OpenRoute route;
  private final LoopContext loop;
  private final Client client;
  private final int port;
  private final long arrivalOrder;
  private final long arrivedNanos = System.nanoTime();
  private final RetryPolicy retry;
  private volatile @Nullable HoldCounters hold;
  private @Nullable ConnectAttempt attempt;
  private @Nullable ResolvedBackend attempted;
  private @Nullable ResolvedBackend lastFailed;
  private long attemptedNanos;
  private boolean finished;

  private PendingConnect(OpenRoute route, LoopContext loop, Client client, int port) {
    this.route = route;
    this.loop = loop;
    this.client = client;
    this.port = port;
    this.retry = new RetryPolicy(route, loop);
    this.arrivalOrder = route.arrivals.getAndIncrement();
  }

  /**
   * Begins to wait, or rejects the client when too many wait. The client may be called before this
   * returns.
   *
   * @param port the place among the ports of the route, counted from 0
   */
  public static PendingConnect begin(OpenRoute route, LoopContext loop, Client client, int port) {
    PendingConnect pending = new PendingConnect(route, loop, client, port);
    if (route.heldSlots.tryAcquire()) {
      route.counters.waiting.increment();
      route.queue.add(pending);
    } else {
      pending.finished = true;
      route.counters.refused.increment();
      route.warn("too many connections wait (max held " + route.limits.maxHeld() + ")");
      client.rejected(RejectReason.FULL);
    }
    return pending;
  }

  @Override
  public long arrivalOrder() {
    return arrivalOrder;
  }

  @Override
  public void markHeld() {
    if (hold == null) {
      hold = route.counters.enterHold();
    }
  }

  @Override
  public void startConnect(Backend backend) {
    loop.execute(() -> startAttempt(backend));
  }

  private void startAttempt(Backend definition) {
    if (finished) {
      route.queue.remove(this);
      return;
    }
    if (!route.gate.isOpenTo(definition)) {
      returnToQueue();
      return;
    }
    ResolvedBackend backend = route.resolve(definition, lastFailed);
    route.endTurn(backend);
    if (client.useIdleConnection(backend)) {
      countServed();
      finish();
      return;
    }
    attempted = backend;
    attemptedNanos = System.nanoTime();
    InetSocketAddress address = backend.addresses().get(port);
    ConnectAttempt begun = new ConnectAttempt(loop, this);
    attempt = begun; // before it starts, as it may end at once
    begun.start(address, route.limits.connectTimeout(), route.resolver);
  }

  @Override
  public void cancelConnect() {
    loop.execute(() -> {
      if (attempt != null) {
        attempt.cancel();
        attempt = null;
        returnToQueue();
      }
    });
  }

  @Override
  public void reject() {
    loop.execute(() -> reject(RejectReason.CLOSED, "no backend serves"));
  }

  private void reject(RejectReason reason, String message) {
    if (finish()) {
      route.counters.refused.increment();
      route.warn("a client was not served: " + message);
      client.rejected(reason);
    }
  }

  @Override
  public void connected(EpollSocket target) {
    ResolvedBackend backend = endAttempt();
    if (!route.gate.isOpenTo(backend.definition())) {
      target.close();
      returnToQueue();
      return;
    }
    countServed();
    finish();
    client.connected(backend, target);
  }

  @Override
  public void failed(String reason) {
    ResolvedBackend backend = endAttempt();
    backend.counters().connectFailures.increment();
    lastFailed = backend;
    if (!route.gate.isOpenTo(backend.definition())) {
      returnToQueue();
    } else if (!retry.registerFailure()) {
      backend.counters().unserved.increment();
      reject(RejectReason.UNREACHABLE, backend.definition().name() + " does not answer: " + reason);
    } else {
      retry.schedule(this::retryConnect);
      route.queue.remove(this); // another entry may connect meanwhile
    }
  }

  private ResolvedBackend endAttempt() {
    ResolvedBackend backend = Objects.requireNonNull(attempted);
    attempt = null;
    attempted = null;
    return backend;
  }

  private void retryConnect() {
    if (!finished) {
      route.queue.add(this);
    }
  }

  private void returnToQueue() {
    retry.reset();
    lastFailed = null;
    attempted = null;
    if (client.hasLeft() && route.gate.isHolding()) {
      client.abandon();
    } else {
      route.queue.add(this);
    }
  }

  /** Ends the wait of a client that has left; false when the wait had ended before. */
  public boolean giveUp() {
    boolean waited = finish();
    if (waited) {
      route.counters.gaveUp.increment();
      ResolvedBackend at = lastFailed;
      if (attempted != null && System.nanoTime() - attemptedNanos > HANGS_NANOS) {
        at = attempted;
      }
      if (at != null) {
        at.counters().unserved.increment();
      }
    }
    return waited;
  }

  private void countServed() {
    HoldCounters held = hold;
    if (held != null) {
      route.counters.served(held, System.nanoTime() - arrivedNanos);
    }
  }

  private boolean finish() {
    if (finished) {
      return false;
    }
    finished = true;
    route.counters.waiting.decrement();
    route.heldSlots.release();
    route.queue.remove(this);
    if (attempt != null) {
      attempt.cancel();
      attempt = null;
    }
    return true;
  }
}
