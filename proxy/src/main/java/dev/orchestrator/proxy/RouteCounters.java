package dev.orchestrator.proxy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/** The running figures of one route. Thread-safe and cheap to write. */
final class RouteCounters {
  /** Figures of so many sides are kept apart; those of older ones are added up. */
  private static final int SIDES = 8;

  private static final String EARLIER = "earlier";

  final LongAdder total = new LongAdder();
  final LongAdder refused = new LongAdder();
  final LongAdder gaveUp = new LongAdder();
  final LongAdder waiting = new LongAdder();
  final LongAdder retries = new LongAdder();
  final LongAdder badRequests = new LongAdder();
  private final HoldFigures holds = new HoldFigures();
  private volatile HoldFigures lastHold = new HoldFigures();
  private final Map<String, TargetCounters> targets = new LinkedHashMap<>();

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

  /** The figures of a side, which go on where they were when it comes back. */
  TargetCounters target(String side) {
    synchronized (targets) {
      TargetCounters counters = targets.computeIfAbsent(side, _ -> new TargetCounters());
      if (targets.size() > SIDES) {
        addUp(side);
      }
      return counters;
    }
  }

  private void addUp(String but) {
    for (var entry : targets.entrySet()) {
      String name = entry.getKey();
      TargetCounters counters = entry.getValue();
      // A side that still has connections goes on counting.
      if (!name.equals(but) && !name.equals(EARLIER) && counters.open.sum() == 0) {
        targets.remove(name);
        counters.addTo(targets.computeIfAbsent(EARLIER, _ -> new TargetCounters()));
        return;
      }
    }
  }

  private void addTargetsTo(Map<String, TargetCounters> sums) {
    synchronized (targets) {
      targets.forEach((side, counters) ->
          counters.addTo(sums.computeIfAbsent(side, _ -> new TargetCounters())));
    }
  }

  static RouteStats snapshot(List<RouteCounters> parts) {
    Map<String, TargetCounters> bySide = new LinkedHashMap<>();
    parts.forEach(part -> part.addTargetsTo(bySide));
    TargetCounters all = new TargetCounters();
    bySide.values().forEach(counters -> counters.addTo(all));
    Map<String, TargetStats> stats = new LinkedHashMap<>();
    bySide.forEach((side, counters) -> stats.put(side, counters.snapshot()));
    return new RouteStats(
        sum(parts, c -> c.total),
        sum(parts, c -> c.refused),
        sum(parts, c -> c.gaveUp),
        sum(parts, c -> c.waiting),
        sum(parts, c -> c.retries),
        sum(parts, c -> c.badRequests),
        merged(parts, c -> c.holds),
        merged(parts, c -> c.lastHold),
        all.snapshot(),
        stats);
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
