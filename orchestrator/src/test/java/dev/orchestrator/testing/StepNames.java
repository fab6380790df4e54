package dev.orchestrator.testing;

import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.util.List;

/** The steps of runs, for tests of other packages. */
public final class StepNames {
  private StepNames() {}

  public static List<Step> upgrade() {
    return UpgradePlans.UPGRADE;
  }

  public static List<Step> move() {
    return UpgradePlans.MOVE;
  }

  public static List<Step> rollback() {
    return UpgradePlans.RESTORE;
  }

  public static List<Step> snapshot() {
    return UpgradePlans.SNAPSHOT;
  }

  public static List<Step> snapshotRestore() {
    return UpgradePlans.RESTORE_SNAPSHOT;
  }

  public static List<Step> proof() {
    return UpgradePlans.PROVE_SNAPSHOT;
  }

  public static List<Step> rehearsal() {
    return UpgradePlans.REHEARSAL;
  }

  public static List<Step> adoption() {
    return UpgradePlans.ADOPT;
  }

  public static List<Step> adoptionUndone() {
    return UpgradePlans.RETURN;
  }
}
