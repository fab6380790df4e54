package dev.orchestrator.upgrade;

import dev.orchestrator.common.Json;
import dev.orchestrator.settings.DataSettings.Rollback;
import org.jspecify.annotations.Nullable;

/**
 * What a person says of the data for one run, over what is configured. Kept with the run.
 *
 * @param rollback of a rollback: what becomes of the newer data; null: as configured
 * @param full whether all content is compared
 * @param attach whether a volume may be attached that isn't immutable
 */
public record DataOptions(@Nullable Rollback rollback, boolean full, boolean attach) {
  /** Nothing beyond what is configured. */
  public static final DataOptions NONE = new DataOptions(null, false, false);

  /** Its key among what is kept with a run. */
  private static final String KEY = "data-options";

  /** Of a rollback. */
  public static DataOptions of(Rollback rollback) {
    return new DataOptions(rollback, false, false);
  }

  public void keep(UpgradeContext parts, String run) {
    parts.journal().attach(run, KEY, Json.write(this));
  }

  public static DataOptions of(UpgradeContext parts, String run) {
    return parts
        .journal()
        .attachment(run, KEY)
        .map(json -> Json.read(json, DataOptions.class))
        .orElse(NONE);
  }

  public boolean carries() {
    return rollback == Rollback.CARRY;
  }
}
