package dev.orchestrator.proxy.stats;

import java.util.concurrent.atomic.LongAdder;

/** The counters of one route on one backend. Thread-safe and cheap to write. */
public final class TargetCounters {
  private static final int CLASSES = 5;

  public final LongAdder open = new LongAdder();
  public final LongAdder total = new LongAdder();
  public final LongAdder bytesIn = new LongAdder();
  public final LongAdder bytesOut = new LongAdder();
  public final LongAdder datagramsIn = new LongAdder();
  public final LongAdder datagramsOut = new LongAdder();
  public final LongAdder connectFailures = new LongAdder();
  public final LongAdder resetsByClient = new LongAdder();
  public final LongAdder resetsByTarget = new LongAdder();
  public final LongAdder timedOut = new LongAdder();
  public final LongAdder unserved = new LongAdder();
  public final LongAdder closedEmpty = new LongAdder();
  private final LongAdder[] statuses = new LongAdder[CLASSES];
  private final Histogram latency = new Histogram();

  TargetCounters() {
    for (int i = 0; i < CLASSES; i++) {
      statuses[i] = new LongAdder();
    }
  }

  /**
   * Counts the response to an http request.
   *
   * @param nanos from the first byte of the request to the last byte of the response
   */
  public void answered(int status, long nanos) {
    statuses[Math.clamp(status / 100, 1, CLASSES) - 1].increment();
    latency.record(nanos);
  }

  void addTo(TargetCounters sum) {
    sum.open.add(open.sum());
    sum.total.add(total.sum());
    sum.bytesIn.add(bytesIn.sum());
    sum.bytesOut.add(bytesOut.sum());
    sum.datagramsIn.add(datagramsIn.sum());
    sum.datagramsOut.add(datagramsOut.sum());
    sum.connectFailures.add(connectFailures.sum());
    sum.resetsByClient.add(resetsByClient.sum());
    sum.resetsByTarget.add(resetsByTarget.sum());
    sum.timedOut.add(timedOut.sum());
    sum.unserved.add(unserved.sum());
    sum.closedEmpty.add(closedEmpty.sum());
    for (int i = 0; i < CLASSES; i++) {
      sum.statuses[i].add(statuses[i].sum());
    }
    sum.latency.add(latency);
  }

  TargetStats snapshot() {
    return new TargetStats(
        open.sum(),
        total.sum(),
        bytesIn.sum(),
        bytesOut.sum(),
        datagramsIn.sum(),
        datagramsOut.sum(),
        connectFailures.sum(),
        resetsByClient.sum(),
        resetsByTarget.sum(),
        timedOut.sum(),
        unserved.sum(),
        closedEmpty.sum(),
        new HttpStats(
            statuses[0].sum(),
            statuses[1].sum(),
            statuses[2].sum(),
            statuses[3].sum(),
            statuses[4].sum(),
            latency.longest(),
            latency.quantile(0.5),
            latency.quantile(0.99)));
  }
}
