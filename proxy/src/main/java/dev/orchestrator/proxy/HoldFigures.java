package dev.orchestrator.proxy;

/** Figures of one hold, or of several. Thread-safe; only connections that are held get here. */
final class HoldFigures {
  private final Histogram waits = new Histogram();
  private long held;

  synchronized void entered() {
    held++;
  }

  synchronized void served(long nanos) {
    waits.record(nanos);
  }

  synchronized void addTo(HoldFigures sum) {
    sum.held += held;
    sum.waits.add(waits);
  }

  synchronized HoldStats snapshot() {
    return new HoldStats(
        held, waits.total(), waits.longest(), waits.quantile(0.5), waits.quantile(0.99));
  }
}
