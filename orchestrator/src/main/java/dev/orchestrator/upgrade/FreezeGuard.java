package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import java.util.Collection;
import java.util.Map;

/**
 * Refuses data of a database that was not shut down where its release series changes: of a database
 * that is frozen, or was killed. To the database server it looks like data after a crash, and
 * neither MariaDB nor PostgreSQL upgrades such data.
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

  /**
   * Refuses data of a database that was killed, because it did not stop within its grace time.
   *
   * @param killed names of services
   * @param oldSeries release series of the databases, by service
   * @param nextSeries the same for the next version
   */
  public static void checkKilled(
      Collection<String> killed, Map<String, String> oldSeries, Map<String, String> nextSeries) {
    for (String service : killed) {
      String series = oldSeries.getOrDefault(service, "");
      String newSeries = nextSeries.getOrDefault(service, series);
      if (!newSeries.equals(series)) {
        throw new CapsuleException(
            "service %s did not stop within its grace time and was killed: %s becomes %s, and a database does not upgrade data that looks like the data of a crash. Give it more time (stop_grace_period) in a version with the same database, and upgrade to that one first"
                .formatted(service, series, newSeries));
      }
    }
  }
}
