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
  private static final int LOT = 20;
  private static final int TOLERATED = 3;

  private final Supplier<Clients> green;
  private final boolean errorsAreUsual;
  private final Clients begin;
  private Clients last;
  private int bad;

  /**
   * Starts to watch.
   *
   * @param blue what clients got from the version before: where most of that were errors, errors
   *     say nothing
   */
  ClientWatch(Clients blue, Supplier<Clients> green) {
    this.green = green;
    this.errorsAreUsual = manyErrors(blue);
    this.begin = green.get();
    this.last = begin;
  }

  /**
   * Looks once.
   *
   * @throws HealthException when clients fare badly
   */
  void look() {
    Clients now = green.get();
    Clients lot = now.since(last);
    boolean errors = !errorsAreUsual && manyErrors(lot);
    if (errors || manyFailures(lot)) {
      bad++;
      last = now;
      if (bad >= TOLERATED) {
        throw new HealthException("clients fare badly in the bake window: " + summary());
      }
    } else if (lot.answers() >= LOT || attempts(lot) >= LOT) {
      bad = 0;
      last = now;
    }
  }

  /** One line on what clients got since the switch. */
  String summary() {
    Clients all = green.get().since(begin);
    return String.format(
        Locale.ROOT,
        "%,d answers, %,d of them errors (5xx); %,d connections to it, %,d failed, %,d broken off",
        all.answers(),
        all.errors(),
        all.connections(),
        all.failed(),
        all.broken());
  }

  private static boolean manyErrors(Clients lot) {
    return lot.answers() >= LOT && 2 * lot.errors() > lot.answers();
  }

  private static boolean manyFailures(Clients lot) {
    return attempts(lot) >= LOT && 2 * lot.failed() > attempts(lot);
  }

  private static long attempts(Clients lot) {
    return lot.connections() + lot.failed();
  }
}
