package dev.orchestrator.proxy.stats;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/** The running figures of one route. Thread-safe and cheap to write. */
public final class RouteCounters {
  /** Figures of so many sides are kept apart; those of older ones are added up. */
  private static final int SIDES = 8;

  private static final String EARLIER = "earlier";

  public final LongAdder total = new LongAdder();
  public final LongAdder refused = new LongAdder();
  public final LongAdder gaveUp = new LongAdder();
  public final LongAdder waiting = new LongAdder();
  public final LongAdder retries = new LongAdder();
  public final LongAdder badRequests = new LongAdder();
  private final HoldCounters holds = new HoldCounters();
  private volatile HoldCounters lastHold = new HoldCounters();
  private final Map<String, TargetCounters> targets = new LinkedHashMap<>();

  public void newHold() {
    lastHold = new HoldCounters();
  }

  /** A connection is held; gives what its wait is to be reported to. */
  public HoldCounters enterHold() {
    HoldCounters hold = lastHold;
    hold.entered();
    holds.entered();
    return hold;
  }

  public void served(HoldCounters hold, long nanos) {
    hold.served(nanos);
    holds.served(nanos);
  }

  /** The figures of a side, which go on where they were when it comes back. */
  public TargetCounters target(String side) {
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

  public static RouteStats snapshot(List<RouteCounters> parts) {
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
      List<RouteCounters> parts, Function<RouteCounters, HoldCounters> figures) {
    HoldCounters sum = new HoldCounters();
    parts.forEach(each -> figures.apply(each).addTo(sum));
    return sum.snapshot();
  }
}
