package dev.orchestrator.proxy.testing;

import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/** True once a figure has not grown for 300 ms. */
public final class StallDetector implements BooleanSupplier {
  private static final long QUIET_NANOS = 300_000_000;

  private final LongSupplier figure;
  private long last = -1;
  private long since;

  public StallDetector(LongSupplier figure) {
    this.figure = figure;
  }

  @Override
  public boolean getAsBoolean() {
    long now = figure.getAsLong();
    if (now != last) {
      last = now;
      since = System.nanoTime();
    }
    return now > 0 && System.nanoTime() - since > QUIET_NANOS;
  }
}
