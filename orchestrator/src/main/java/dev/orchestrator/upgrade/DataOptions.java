package dev.orchestrator.upgrade;

import dev.orchestrator.common.Json;
import dev.orchestrator.settings.DataSettings.Rollback;
import java.util.Map;
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

  /** As they are kept with a run from its beginning. */
  public Map<String, String> attachments() {
    return Map.of(KEY, Json.write(this));
  }

  /** Those that a run was begun with. */
  public static DataOptions of(UpgradeContext context, String run) {
    return context
        .journal()
        .attachment(run, KEY)
        .map(json -> Json.read(json, DataOptions.class))
        .orElse(NONE);
  }

  public boolean carries() {
    return rollback == Rollback.CARRY;
  }
}
