package dev.orchestrator.proxy.stats;

/** Counters of one hold, or of several. Thread-safe, by a lock: only held connections take it. */
public final class HoldCounters {
  private final Histogram waits = new Histogram();
  private long held;

  synchronized void entered() {
    held++;
  }

  synchronized void served(long nanos) {
    waits.record(nanos);
  }

  synchronized void addTo(HoldCounters sum) {
    sum.held += held;
    sum.waits.add(waits);
  }

  synchronized HoldStats snapshot() {
    return new HoldStats(
        held, waits.total(), waits.longest(), waits.quantile(0.5), waits.quantile(0.99));
  }
}
