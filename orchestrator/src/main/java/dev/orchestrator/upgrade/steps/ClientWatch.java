package dev.orchestrator.upgrade.steps;

import dev.orchestrator.health.HealthException;
import dev.orchestrator.traffic.Traffic.Clients;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Watches the answers that clients get from green in the bake window, because a version may pass
 * its probes and still fail its clients. Answers and connections are judged in samples of 20; a
 * sample is bad when more than half of it failed, and three bad samples in a row roll back. Not
 * thread-safe.
 */
final class ClientWatch {
  private static final int SAMPLE_SIZE = 20;
  private static final int MAX_BAD_SAMPLES = 3;

  private final Supplier<Clients> green;
  private final boolean errorsAreUsual;
  private final Clients first;
  private Clients last;
  private int badInARow;

  /**
   * Starts to watch.
   *
   * @param blue answers of the version before; where most of them were errors, errors of green are
   *     ignored
   * @param green answers of the candidate so far
   */
  ClientWatch(Clients blue, Supplier<Clients> green) {
    this.green = green;
    this.errorsAreUsual = manyErrors(blue);
    this.first = green.get();
    this.last = first;
  }

  /**
   * Judges the answers since the last full sample.
   *
   * @throws HealthException after three bad samples in a row
   */
  void check() {
    Clients now = green.get();
    Clients sample = now.since(last);
    boolean errors = !errorsAreUsual && manyErrors(sample);
    if (errors || manyFailures(sample)) {
      badInARow++;
      last = now;
      if (badInARow >= MAX_BAD_SAMPLES) {
        throw new HealthException("clients fare badly in the bake window: " + summary());
      }
    } else if (sample.answers() >= SAMPLE_SIZE || attempts(sample) >= SAMPLE_SIZE) {
      badInARow = 0;
      last = now;
    }
  }

  /** One line on the answers and connections of clients since the switch. */
  String summary() {
    Clients all = green.get().since(first);
    return String.format(
        Locale.ROOT,
        "%,d answers, %,d of them errors (5xx); %,d connections to it, %,d failed, %,d broken off",
        all.answers(),
        all.errors(),
        all.connections(),
        all.failed(),
        all.broken());
  }

  private static boolean manyErrors(Clients sample) {
    return sample.answers() >= SAMPLE_SIZE && 2 * sample.errors() > sample.answers();
  }

  private static boolean manyFailures(Clients sample) {
    return attempts(sample) >= SAMPLE_SIZE && 2 * sample.failed() > attempts(sample);
  }

  private static long attempts(Clients sample) {
    return sample.connections() + sample.failed();
  }
}
