package dev.orchestrator.traffic;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.gate.DrainResult;
import java.time.Duration;
import java.util.List;

/**
 * The proxy, as the saga sees it. Every call returns when it has taken effect, and doing it again
 * changes nothing. Blocking.
 */
public interface Traffic extends AutoCloseable {

  /** A route's traffic, for {@code status}. */
  record RouteState(
      String name, String address, String target, String gate, long open, long total, long held) {}

  /**
   * What clients got from one side since the routes opened.
   *
   * @param connections to it
   * @param failed attempts to connect to it that failed, also those repeated with success
   * @param broken connections that it broke off
   * @param answers of http routes
   * @param errors those of them with a status of 500 or more
   */
  record Clients(long connections, long failed, long broken, long answers, long errors) {
    public static final Clients NONE = new Clients(0, 0, 0, 0, 0);

    public Clients since(Clients before) {
      return new Clients(
          connections - before.connections,
          failed - before.failed,
          broken - before.broken,
          answers - before.answers,
          errors - before.errors);
    }
  }

  /**
   * Listens on every route, or on none: a port that can't be had is a {@link
   * dev.orchestrator.common.RefusedException}. Connections wait until a side is given or the
   * deadline has passed. No effect when it listens already.
   */
  void open(Duration holdDeadline);

  /**
   * New connections wait from now on. The deadline is the last resort: the saga is to be faster.
   */
  void hold(Duration deadline);

  /** Lets existing connections end for at most the budget, then closes the rest. */
  DrainResult drain(Duration budget);

  /** The previews lead to the candidate, until a side is led to. */
  void preview(Backend candidate);

  /**
   * One reference write: every route leads there from now on, and what waits is released to it. The
   * previews are closed.
   */
  void switchTo(Backend backend);

  /** Whether new connections go to the side of that name at this moment. */
  boolean isOpenTo(String name);

  /** Nothing listens any more. */
  void stopListening();

  /** What clients have seen since the last call of {@link #hold} that found the gate open. */
  Receipt.Traffic trafficSinceHold();

  /** What clients got from the side of that name. */
  Clients clients(String name);

  List<RouteState> routes();

  @Override
  void close();
}
