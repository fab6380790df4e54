package dev.orchestrator.proxy;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/** The running figures of one route. Thread-safe and cheap to write. */
final class RouteCounters {
  final LongAdder open = new LongAdder();
  final LongAdder total = new LongAdder();
  final LongAdder refused = new LongAdder();
  final LongAdder gaveUp = new LongAdder();
  final LongAdder waiting = new LongAdder();
  final LongAdder bytesIn = new LongAdder();
  final LongAdder bytesOut = new LongAdder();
  final LongAdder connectFailures = new LongAdder();
  final LongAdder resetsByClient = new LongAdder();
  final LongAdder resetsByTarget = new LongAdder();
  private final HoldFigures holds = new HoldFigures();
  private volatile HoldFigures lastHold = new HoldFigures();

  void newHold() {
    lastHold = new HoldFigures();
  }

  /** A connection is held; gives what its wait is to be reported to. */
  HoldFigures enterHold() {
    HoldFigures hold = lastHold;
    hold.entered();
    holds.entered();
    return hold;
  }

  void served(HoldFigures hold, long nanos) {
    hold.served(nanos);
    holds.served(nanos);
  }

  static RouteStats snapshot(List<RouteCounters> parts) {
    return new RouteStats(
        sum(parts, c -> c.open),
        sum(parts, c -> c.total),
        sum(parts, c -> c.refused),
        sum(parts, c -> c.gaveUp),
        sum(parts, c -> c.waiting),
        merged(parts, c -> c.holds),
        merged(parts, c -> c.lastHold),
        sum(parts, c -> c.bytesIn),
        sum(parts, c -> c.bytesOut),
        sum(parts, c -> c.connectFailures),
        sum(parts, c -> c.resetsByClient),
        sum(parts, c -> c.resetsByTarget));
  }

  private static long sum(List<RouteCounters> parts, Function<RouteCounters, LongAdder> figure) {
    return parts.stream().mapToLong(each -> figure.apply(each).sum()).sum();
  }

  private static HoldStats merged(
      List<RouteCounters> parts, Function<RouteCounters, HoldFigures> figures) {
    HoldFigures sum = new HoldFigures();
    parts.forEach(each -> figures.apply(each).addTo(sum));
    return sum.snapshot();
  }
}
