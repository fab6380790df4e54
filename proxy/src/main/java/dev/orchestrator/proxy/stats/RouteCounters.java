package dev.orchestrator.proxy.stats;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/** The counters of one route. Thread-safe and cheap to write. */
public final class RouteCounters {
  /** The counters of so many backends are kept apart; those of older backends are added up. */
  private static final int MOST_BACKENDS = 8;

  private static final String EARLIER = "earlier";

  public final LongAdder total = new LongAdder();
  public final LongAdder refused = new LongAdder();
  public final LongAdder gaveUp = new LongAdder();
  public final LongAdder waiting = new LongAdder();
  public final LongAdder retries = new LongAdder();
  public final LongAdder badRequests = new LongAdder();
  public final LongAdder dropped = new LongAdder();
  private final HoldCounters holds = new HoldCounters();
  private volatile HoldCounters lastHold = new HoldCounters();
  private final Map<String, TargetCounters> targets = new LinkedHashMap<>();

  /** Begins to count for a new hold. */
  public void newHold() {
    lastHold = new HoldCounters();
  }

  /** Counts a connection as held; its wait is to be told to {@link #served}. */
  public HoldCounters enterHold() {
    HoldCounters hold = lastHold;
    hold.entered();
    holds.entered();
    return hold;
  }

  /** Counts that a held connection has reached its target. */
  public void served(HoldCounters hold, long nanos) {
    hold.served(nanos);
    holds.served(nanos);
  }

  /** The counters on a backend; a backend that comes back goes on with its old ones. */
  public TargetCounters target(String backend) {
    synchronized (targets) {
      TargetCounters counters = targets.computeIfAbsent(backend, _ -> new TargetCounters());
      if (targets.size() > MOST_BACKENDS) {
        mergeOldest(backend);
      }
      return counters;
    }
  }

  private void mergeOldest(String except) {
    for (var entry : targets.entrySet()) {
      String name = entry.getKey();
      TargetCounters counters = entry.getValue();
      // The counters of a backend that still has connections are in use.
      if (!name.equals(except) && !name.equals(EARLIER) && counters.open.sum() == 0) {
        targets.remove(name);
        counters.addTo(targets.computeIfAbsent(EARLIER, _ -> new TargetCounters()));
        return;
      }
    }
  }

  private void addTargetsTo(Map<String, TargetCounters> sums) {
    synchronized (targets) {
      targets.forEach((backend, counters) ->
          counters.addTo(sums.computeIfAbsent(backend, _ -> new TargetCounters())));
    }
  }

  /** The figures of several routes together. */
  public static RouteStats snapshot(List<RouteCounters> parts) {
    Map<String, TargetCounters> byBackend = new LinkedHashMap<>();
    parts.forEach(part -> part.addTargetsTo(byBackend));
    TargetCounters all = new TargetCounters();
    byBackend.values().forEach(counters -> counters.addTo(all));
    Map<String, TargetStats> stats = new LinkedHashMap<>();
    byBackend.forEach((backend, counters) -> stats.put(backend, counters.snapshot()));
    return new RouteStats(
        sum(parts, c -> c.total),
        sum(parts, c -> c.refused),
        sum(parts, c -> c.gaveUp),
        sum(parts, c -> c.waiting),
        sum(parts, c -> c.retries),
        sum(parts, c -> c.badRequests),
        sum(parts, c -> c.dropped),
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
