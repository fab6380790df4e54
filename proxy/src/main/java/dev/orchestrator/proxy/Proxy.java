package dev.orchestrator.proxy;

import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The public ports of a stack, in front of the side that serves. Methods block until they have
 * taken effect and may be called from any thread but an event loop's. They throw {@link
 * ProxyException}.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class Proxy implements AutoCloseable {
  private Proxy() {}

  /** A proxy without routes on the event loops of {@code vertx}. */
  public static Proxy create(Vertx vertx, ProxyOptions options) {
    throw new UnsupportedOperationException();
  }

  /**
   * Opens every route, or none. To be called once.
   *
   * @param side what serves; null for nothing: the gate is closed until {@link #switchTo}
   * @throws RouteUnavailableException naming the first route that cannot be opened
   */
  public void open(List<Route> routes, @Nullable Side side) {
    throw new UnsupportedOperationException();
  }

  /** The port that a route is bound to. */
  public int port(String route) {
    throw new UnsupportedOperationException();
  }

  /** What serves, or served before the hold; null where nothing does. */
  public @Nullable Side side() {
    throw new UnsupportedOperationException();
  }

  /** What happens to a connection that arrives now. */
  public GateState state() {
    throw new UnsupportedOperationException();
  }

  /**
   * Makes new connections wait, unread, for at most the deadline; then they are released to the
   * side that serves. When this returns no connection opens to that side any more. Held already:
   * only the deadline changes.
   */
  public void hold(Duration deadline) {
    throw new UnsupportedOperationException();
  }

  /**
   * Waits until the links to a side that gets no new connections are gone: to any side while held,
   * else to any but the side that serves. Those left after the budget are closed: what was read is
   * passed on, then both ends see the end of the stream.
   */
  public Drained drain(Duration budget) {
    throw new UnsupportedOperationException();
  }

  /** Ends a hold: connections go on to the side that served before. Not held: does nothing. */
  public void release() {
    throw new UnsupportedOperationException();
  }

  /**
   * New and waiting connections go to this side from now on. Links to another live on.
   *
   * @throws IllegalArgumentException when an open route has no target on the side
   */
  public void switchTo(Side side) {
    throw new UnsupportedOperationException();
  }

  /** Like {@link #switchTo}, if the hold is still on; false when its deadline has passed. */
  public boolean switchIfHolding(Side side) {
    throw new UnsupportedOperationException();
  }

  /** Nothing serves: new and waiting connections are closed. Links live on. */
  public void closeGate() {
    throw new UnsupportedOperationException();
  }

  /** The figures as they are now. */
  public Stats stats() {
    throw new UnsupportedOperationException();
  }

  /** Closes routes, waiting connections and links. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
