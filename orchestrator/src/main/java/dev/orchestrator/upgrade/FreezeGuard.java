package dev.orchestrator.upgrade;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import java.util.Map;

/**
 * Refuses to freeze a database whose release series changes. To a database server a copy of frozen
 * data looks like data after a crash, and neither MariaDB nor PostgreSQL upgrades such data.
 */
public final class FreezeGuard {
  private FreezeGuard() {}

  /**
   * Refuses a freeze that would break a database upgrade.
   *
   * @param oldSeries release series of the databases, by service
   * @param nextSeries the same for the next version
   */
  public static void check(
      DataSettings data, Map<String, String> oldSeries, Map<String, String> nextSeries) {
    oldSeries.forEach((service, series) -> {
      String newSeries = nextSeries.getOrDefault(service, series);
      boolean frozen = data.services().getOrDefault(service, data.quiesce()) == Quiesce.FREEZE;
      if (frozen && !newSeries.equals(series)) {
        throw new RefusedException(
            "service %s can't be frozen: %s becomes %s, and a database does not upgrade data that looks like the data of a crash: let it stop, with data.services = [ { name = %s, quiesce = stop } ]"
                .formatted(service, series, newSeries, service));
      }
    });
  }
}
