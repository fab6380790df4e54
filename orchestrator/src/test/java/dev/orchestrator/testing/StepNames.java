package dev.orchestrator.testing;

import dev.orchestrator.upgrade.Planner;
import dev.orchestrator.upgrade.Step;
import java.util.List;

/** The steps of runs, for tests elsewhere. */
public final class StepNames {
  private StepNames() {}

  public static List<Step> upgrade() {
    return Planner.UPGRADE;
  }

  public static List<Step> rollback() {
    return Planner.RESTORE;
  }
}
