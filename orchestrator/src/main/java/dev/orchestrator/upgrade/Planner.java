package dev.orchestrator.upgrade;

import static dev.orchestrator.upgrade.Step.*;

import java.util.List;

/** Which steps a run has. */
public final class Planner {
  private Planner() {}

  /** The first {@code up}: there is no blue, so nothing to hold and nothing to copy. */
  public static final List<Step> FIRST_UP =
      List.of(PREFLIGHT, BUILD, PREPARE, START, VERIFY, SWITCH, RETAIN);

  /** {@code up} after {@code down}: the same capsule on its own data. */
  public static final List<Step> UP_AGAIN = List.of(PREFLIGHT, WAKE, START, VERIFY, SWITCH, RETAIN);

  public static final List<Step> UPGRADE =
      List.of(
          PREFLIGHT, BUILD, PREPARE, PRE_SYNC, HOLD, QUIESCE, SYNC, START, VERIFY, SWITCH, BAKE,
          RETAIN);

  /** By hand: the old version in a new capsule, on a copy of the newer data. */
  public static final List<Step> CARRY =
      List.of(
          PREFLIGHT, PREPARE, PRE_SYNC, HOLD, QUIESCE, SYNC, START, VERIFY, SWITCH, BAKE, RETAIN);

  /** By hand: the kept capsule on its own data, as it was at the switch. */
  public static final List<Step> RESTORE =
      List.of(PREFLIGHT, WAKE, HOLD, QUIESCE, START, VERIFY, SWITCH, BAKE, RETAIN);
}
