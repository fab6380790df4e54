package dev.orchestrator.upgrade.steps;

import dev.orchestrator.health.HealthException;
import dev.orchestrator.traffic.Traffic.Clients;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Looks at what clients get from green in the bake window: probes may be content with a version
 * whose clients are not. Of so many answers, or connections, in a row more than half must be good;
 * three bad lots in a row roll back.
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
   * @param blue what clients got from the version before: where most of that were errors, errors
   *     say nothing
   */
  ClientWatch(Clients blue, Supplier<Clients> green) {
    this.green = green;
    this.errorsAreUsual = manyErrors(blue);
    this.first = green.get();
    this.last = first;
  }

  /**
   * Looks once.
   *
   * @throws HealthException when clients fare badly
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

  /** One line on what clients got since the switch. */
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
