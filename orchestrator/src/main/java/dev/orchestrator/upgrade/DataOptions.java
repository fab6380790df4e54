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
  private static final String ATTACHMENT_KEY = "data-options";

  /** Of a rollback. */
  public static DataOptions forRollback(Rollback rollback) {
    return new DataOptions(rollback, false, false);
  }

  /** As they are kept with a run from its beginning. */
  public Map<String, String> attachments() {
    return Map.of(ATTACHMENT_KEY, Json.write(this));
  }

  /** Those that a run was begun with. */
  public static DataOptions ofRun(UpgradeContext context, String run) {
    return context
        .journal()
        .attachment(run, ATTACHMENT_KEY)
        .map(json -> Json.read(json, DataOptions.class))
        .orElse(NONE);
  }

  public boolean carriesData() {
    return rollback == Rollback.CARRY;
  }
}
