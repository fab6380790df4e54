package dev.orchestrator.proxy.stats;

/** Figures of one hold, or of several. Thread-safe; only connections that are held get here. */
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
