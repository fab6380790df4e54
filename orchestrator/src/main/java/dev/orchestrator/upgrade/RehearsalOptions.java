package dev.orchestrator.upgrade;

import dev.orchestrator.common.Json;
import dev.orchestrator.settings.RehearseSettings.Mode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether one run rehearses. Kept in the journal with the run.
 *
 * @param mode null for the configured one
 */
public record RehearsalOptions(@Nullable Mode mode) {
  /** No override. */
  public static final RehearsalOptions AS_CONFIGURED = new RehearsalOptions(null);

  /** An upgrade without a rehearsal. */
  public static final RehearsalOptions NONE = new RehearsalOptions(Mode.OFF);

  /** A rehearsal that must be made. */
  public static final RehearsalOptions REQUIRED = new RehearsalOptions(Mode.REQUIRED);

  /** Key in the journal. */
  private static final String ATTACHMENT_KEY = "rehearsal";

  /** The options of a run that begins now: later settings don't change what its steps are. */
  public RehearsalOptions resolve(UpgradeContext context) {
    return mode == null ? new RehearsalOptions(context.limits().rehearse().mode()) : this;
  }

  public boolean rehearses() {
    return mode == Mode.ON || mode == Mode.REQUIRED;
  }

  /** Whether nothing is to be upgraded without a rehearsal. */
  public boolean isRequired() {
    return mode == Mode.REQUIRED;
  }

  /** The journal's form of these options. */
  public Map<String, String> attachments() {
    return Map.of(ATTACHMENT_KEY, Json.write(this));
  }

  /** The options that a run was begun with. */
  public static RehearsalOptions ofRun(UpgradeContext context, String run) {
    return context
        .journal()
        .attachment(run, ATTACHMENT_KEY)
        .map(json -> Json.read(json, RehearsalOptions.class))
        .orElse(NONE);
  }
}
