package dev.orchestrator.upgrade;

import java.util.List;

/** The steps of runs, for tests elsewhere. */
public final class Plans {
  private Plans() {}

  public static List<Step> upgrade() {
    return Planner.UPGRADE;
  }

  public static List<Step> rollback() {
    return Planner.ROLLBACK;
  }
}
