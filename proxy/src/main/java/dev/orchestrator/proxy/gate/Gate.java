package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.gate.GateState.Closed;
import dev.orchestrator.proxy.gate.GateState.Holding;
import dev.orchestrator.proxy.gate.GateState.Open;
import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides what happens to a connection that arrives. Thread-safe; reading is one volatile read. */
public final class Gate {
  private static final Logger log = LoggerFactory.getLogger(Gate.class);

  private final String name;
  private final EventExecutorGroup timers;
  private final InstantSource clock;
  private final Runnable onChange;
  private volatile GateState state = new Closed();
  private @Nullable ScheduledFuture<?> deadline;

  /** A closed gate; {@code onChange} runs after each change, on the thread that made it. */
  public Gate(String name, EventExecutorGroup timers, InstantSource clock, Runnable onChange) {
    this.name = name;
    this.timers = timers;
    this.clock = clock;
    this.onChange = onChange;
  }

  public GateState state() {
    return state;
  }

  public boolean holding() {
    return state instanceof Holding;
  }

  public boolean leadsTo(Backend side) {
    return state instanceof Open(Backend now) && now.equals(side);
  }

  public @Nullable Backend side() {
    return switch (state) {
      case Open(Backend side) -> side;
      case Holding(var _, @Nullable Backend serving) -> serving;
      case Closed() -> null;
    };
  }

  public synchronized void hold(Duration atMost) {
    Holding next = new Holding(clock.instant().plus(atMost), side());
    transitionTo(next);
    deadline = timers.schedule(() -> expire(next), atMost.toNanos(), TimeUnit.NANOSECONDS);
  }

  public synchronized void release() {
    if (state instanceof Holding(var _, @Nullable Backend serving)) {
      transitionTo(serving == null ? new Closed() : new Open(serving));
    }
  }

  public synchronized void switchTo(Backend side) {
    transitionTo(new Open(side));
  }

  public synchronized void close() {
    transitionTo(new Closed());
  }

  private synchronized void expire(Holding hold) {
    // A timer that was cancelled a moment too late must not end the hold that replaced its own.
    if (state.equals(hold)) {
      log.warn("the hold's deadline has passed: back to {}", name(hold.serving()));
      release();
    }
  }

  private void transitionTo(GateState next) {
    if (deadline != null) {
      deadline.cancel(false);
      deadline = null;
    }
    state = next;
    switch (next) {
      case Open(Backend side) -> log.info("{} open to {}", name, side.name());
      case Holding(var until, @Nullable Backend serving) ->
          log.info("{} holds until {}, {} served", name, until, name(serving));
      case Closed() -> log.info("{} closed", name);
    }
    onChange.run();
  }

  private static String name(@Nullable Backend side) {
    return side == null ? "no side" : side.name();
  }
}
