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

/**
 * Decides what happens to a connection that arrives: see {@link GateState}. Thread-safe; reading
 * the state is one volatile read.
 */
public final class Gate {
  private static final Logger log = LoggerFactory.getLogger(Gate.class);

  private final String name;
  private final EventExecutorGroup timers;
  private final InstantSource clock;
  private final Runnable onChange;
  private volatile GateState state = new Closed();
  private @Nullable ScheduledFuture<?> deadline;

  /**
   * A closed gate.
   *
   * @param name for the log
   * @param onChange is run after each change, on the thread that made it
   */
  public Gate(String name, EventExecutorGroup timers, InstantSource clock, Runnable onChange) {
    this.name = name;
    this.timers = timers;
    this.clock = clock;
    this.onChange = onChange;
  }

  public GateState state() {
    return state;
  }

  public boolean isHolding() {
    return state instanceof Holding;
  }

  public boolean isOpenTo(Backend backend) {
    return state instanceof Open(Backend current) && current.equals(backend);
  }

  /** The backend that serves, or served before the hold; null where none does. */
  public @Nullable Backend backend() {
    return switch (state) {
      case Open(Backend backend) -> backend;
      case Holding(var _, @Nullable Backend previous) -> previous;
      case Closed() -> null;
    };
  }

  /** Holds connections until the time has passed; a hold that is running gets a new deadline. */
  public synchronized void hold(Duration atMost) {
    Holding next = new Holding(clock.instant().plus(atMost), backend());
    transitionTo(next);
    deadline = timers.schedule(() -> expire(next), atMost.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Ends a hold in favour of the backend that served before; does nothing where none is held. */
  public synchronized void release() {
    if (state instanceof Holding(var _, @Nullable Backend previous)) {
      transitionTo(previous == null ? new Closed() : new Open(previous));
    }
  }

  public synchronized void switchTo(Backend backend) {
    transitionTo(new Open(backend));
  }

  public synchronized void close() {
    transitionTo(new Closed());
  }

  private synchronized void expire(Holding hold) {
    // A timer that was cancelled a moment too late must not end the hold that replaced its own.
    if (state.equals(hold)) {
      log.warn("the hold's deadline has passed: back to {}", nameOf(hold.previous()));
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
      case Open(Backend backend) -> log.info("{} open to {}", name, backend.name());
      case Holding(var until, @Nullable Backend previous) ->
          log.info("{} holds until {}; {} served before", name, until, nameOf(previous));
      case Closed() -> log.info("{} closed", name);
    }
    onChange.run();
  }

  private static String nameOf(@Nullable Backend backend) {
    return backend == null ? "no backend" : backend.name();
  }
}
