package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.stats.HoldCounters;
import java.net.InetSocketAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The wait of one connection or request for its target: at the gate, in the queue, and through the
 * bounded repetition of attempts to connect, as a target may be just about to listen. Lives on a
 * lane; what the {@link QueueEntry} interface has may be called from anywhere.
 */
public final class PendingConnect implements QueueEntry, ConnectAttempt.Listener {
  /** Who waits. Exactly one of the first two is called, unless {@link #leave} comes before it. */
  public interface Guest {
    /** It has a connection to its target now. */
    void served(ResolvedBackend lead, EpollSocket target);

    /** It will not be served. */
    void refused(RejectReason why);

    /** It gave up: there is nothing to wait for any more. To call {@link PendingConnect#giveUp}. */
    void drop();

    /** True when it left in the meantime, as far as it concerns one that waits at a held gate. */
    boolean gaveUp();

    /** True when it found a target by itself: a connection that is kept for later. */
    default boolean servedFromStore(ResolvedBackend lead) {
      return false;
    }
  }

  private final OpenRoute route;
  private final LoopContext lane;
  private final Guest guest;
  private final int port;
  private final long order;
  private final long arrived = System.nanoTime();
  private volatile @Nullable HoldCounters hold;
  private final RetryPolicy repeats;
  private boolean over;
  private @Nullable ConnectAttempt attempt;
  private @Nullable ResolvedBackend tried;

  private PendingConnect(OpenRoute route, LoopContext lane, Guest guest, int port) {
    this.route = route;
    this.lane = lane;
    this.guest = guest;
    this.port = port;
    this.repeats = new RetryPolicy(route, lane);
    this.order = route.arrivals.getAndIncrement();
  }

  /**
   * Begins one, or refuses when too many wait; the guest may be told before this returns.
   *
   * @param port which of the route's ports, counted from 0
   */
  public static PendingConnect begin(OpenRoute route, LoopContext lane, Guest guest, int port) {
    PendingConnect wait = new PendingConnect(route, lane, guest, port);
    if (route.places.tryAcquire()) {
      route.counters.waiting.increment();
      route.queue.add(wait);
    } else {
      wait.over = true;
      route.counters.refused.increment();
      route.warn("too many wait (max held " + route.options.maxHeld() + ")");
      guest.refused(RejectReason.FULL);
    }
    return wait;
  }

  @Override
  public long order() {
    return order;
  }

  @Override
  public void markHeld() {
    if (hold == null) {
      hold = route.counters.enterHold();
    }
  }

  @Override
  public void proceed(Backend side) {
    lane.execute(() -> startAttempt(side));
  }

  private void startAttempt(Backend side) {
    if (over) {
      route.queue.remove(this);
      return;
    }
    if (!route.gate.leadsTo(side)) {
      backToTheGate();
      return;
    }
    ResolvedBackend lead = route.lead(side);
    if (guest.servedFromStore(lead)) {
      countServed();
      leave();
      return;
    }
    tried = lead;
    InetSocketAddress address = lead.addresses().get(port);
    ConnectAttempt begun = new ConnectAttempt(lane, this);
    attempt = begun; // before it starts: it may end at once
    begun.start(address, route.options.connectTimeout(), route.names);
  }

  @Override
  public void recall() {
    lane.execute(() -> {
      if (attempt != null) {
        attempt.cancel();
        attempt = null;
        backToTheGate();
      }
    });
  }

  @Override
  public void refuse() {
    lane.execute(() -> refuse(RejectReason.CLOSED, "nothing serves"));
  }

  private void refuse(RejectReason why, String reason) {
    if (leave()) {
      route.counters.refused.increment();
      route.warn("a client was not served: " + reason);
      guest.refused(why);
    }
  }

  @Override
  public void connected(EpollSocket target) {
    ResolvedBackend lead = tried();
    if (!route.gate.leadsTo(lead.side())) {
      target.close();
      backToTheGate();
      return;
    }
    countServed();
    leave();
    guest.served(lead, target);
  }

  @Override
  public void failed(String reason) {
    ResolvedBackend lead = tried();
    lead.counters().connectFailures.increment();
    if (!route.gate.leadsTo(lead.side())) {
      backToTheGate();
    } else if (!repeats.allowed()) {
      refuse(RejectReason.UNREACHABLE, lead.side().name() + " does not answer: " + reason);
    } else {
      repeats.later(this::again);
      route.queue.remove(this); // the slot is free for another meanwhile
    }
  }

  private ResolvedBackend tried() {
    ResolvedBackend lead = Objects.requireNonNull(tried);
    attempt = null;
    tried = null;
    return lead;
  }

  private void again() {
    if (!over) {
      route.queue.add(this);
    }
  }

  private void backToTheGate() {
    repeats.reset();
    if (guest.gaveUp() && route.gate.holding()) {
      guest.drop();
    } else {
      route.queue.add(this);
    }
  }

  /** The guest left for good; false when it had its target or its refusal already. */
  public boolean giveUp() {
    boolean waited = leave();
    if (waited) {
      route.counters.gaveUp.increment();
    }
    return waited;
  }

  private void countServed() {
    HoldCounters held = hold;
    if (held != null) {
      route.counters.served(held, System.nanoTime() - arrived);
    }
  }

  private boolean leave() {
    if (over) {
      return false;
    }
    over = true;
    route.counters.waiting.decrement();
    route.places.release();
    route.queue.remove(this);
    if (attempt != null) {
      attempt.cancel();
      attempt = null;
    }
    return true;
  }
}
