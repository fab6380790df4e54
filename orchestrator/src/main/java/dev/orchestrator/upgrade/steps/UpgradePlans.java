package dev.orchestrator.upgrade.steps;

import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.upgrade.LostHost;
import dev.orchestrator.upgrade.Step;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The steps of each kind of run, in order. Immutable. */
public final class UpgradePlans {
  private static final Step PREFLIGHT = new PreflightStep();
  private static final Step BUILD = new BuildStep();
  private static final Step SEND = new SendStep();
  private static final Step PREPARE = new PrepareStep();
  private static final Step WAKE = new WakeStep();
  private static final Step PRE_SYNC = new PreSyncStep();
  private static final Step REHEARSE = new RehearseStep();
  private static final Step HOLD = new HoldStep();
  private static final Step QUIESCE = new QuiesceStep();
  private static final Step SYNC = new SyncStep();
  private static final Step START = new StartStep();
  private static final Step VERIFY = new VerifyStep();
  private static final Step SWITCH = new SwitchStep();
  private static final Step BAKE = new BakeStep();
  private static final Step RETAIN = new RetainStep();
  private static final Step INTERCEPT = new InterceptStep();
  private static final Step STOP_ORIGINAL = new StopOriginalStep();
  private static final Step TAKE_OVER = new TakeOverStep();
  private static final Step GIVE_BACK = new GiveBackStep();
  private static final Step START_ORIGINAL = new StartOriginalStep();

  private static final Step SNAPSHOT_VOLUMES = new SnapshotVolumesStep();
  private static final Step RELEASE = new ReleaseStep();
  private static final Step RECORD = new RecordSnapshotStep();
  private static final Step PRUNE = new PruneStep();
  private static final Step COPY_SNAPSHOT = new CopySnapshotStep();

  private static final Step PREPARE_PROOF = new PrepareProofStep();
  private static final Step START_PROOF = new StartProofStep();
  private static final Step CHECK_DATABASES = new CheckDatabasesStep();
  private static final Step RECORD_PROOF = new RecordProofStep();
  private static final Step DISCARD = new DiscardStep();

  /** The first {@code up}: without a blue there is nothing to hold and nothing to copy. */
  public static final List<Step> FIRST_UP =
      List.of(PREFLIGHT, BUILD, PREPARE, START, VERIFY, SWITCH, RETAIN);

  /**
   * {@code up} after {@code down}, and a rollback from a host that is gone: the same capsule on its
   * own data.
   */
  public static final List<Step> UP_AGAIN = List.of(PREFLIGHT, WAKE, START, VERIFY, SWITCH, RETAIN);

  public static final List<Step> UPGRADE =
      List.of(
          PREFLIGHT, BUILD, PREPARE, PRE_SYNC, HOLD, QUIESCE, SYNC, START, VERIFY, SWITCH, BAKE,
          RETAIN);

  /** The same with a rehearsal, before clients wait. */
  public static final List<Step> REHEARSED_UPGRADE =
      List.of(
          PREFLIGHT, BUILD, PREPARE, PRE_SYNC, REHEARSE, HOLD, QUIESCE, SYNC, START, VERIFY, SWITCH,
          BAKE, RETAIN);

  /** A rehearsal alone, of which what serves notices nothing but that it is frozen for a moment. */
  public static final List<Step> REHEARSAL = List.of(PREFLIGHT, BUILD, REHEARSE);

  /** The version that serves goes to another host: an upgrade to itself, on another engine. */
  public static final List<Step> MOVE =
      List.of(
          PREFLIGHT, SEND, PREPARE, PRE_SYNC, HOLD, QUIESCE, SYNC, START, VERIFY, SWITCH, BAKE,
          RETAIN);

  /** A rollback with the newer data: the old version in a new capsule, on a copy of that data. */
  public static final List<Step> CARRY =
      List.of(
          PREFLIGHT, PREPARE, PRE_SYNC, HOLD, QUIESCE, SYNC, START, VERIFY, SWITCH, BAKE, RETAIN);

  /** A rollback to the kept capsule on its own data as of the switch. */
  public static final List<Step> RESTORE =
      List.of(PREFLIGHT, WAKE, HOLD, QUIESCE, START, VERIFY, SWITCH, BAKE, RETAIN);

  /** A compose project of the host becomes the stack: like an upgrade, with the project as blue. */
  public static final List<Step> ADOPT =
      List.of(
          PREFLIGHT,
          BUILD,
          PREPARE,
          PRE_SYNC,
          INTERCEPT,
          STOP_ORIGINAL,
          SYNC,
          START,
          VERIFY,
          TAKE_OVER,
          BAKE,
          RETAIN);

  /** A rollback to the project that was adopted, on its own data as of the adoption. */
  public static final List<Step> RETURN =
      List.of(PREFLIGHT, HOLD, INTERCEPT, QUIESCE, GIVE_BACK, START_ORIGINAL, RETAIN);

  /** The same where nothing of the stack is left. */
  public static final List<Step> RETURN_FROM_NOTHING =
      List.of(PREFLIGHT, GIVE_BACK, START_ORIGINAL, RETAIN);

  /** A snapshot of what serves, which serves on. */
  public static final List<Step> SNAPSHOT =
      List.of(PREFLIGHT, SNAPSHOT_VOLUMES, PRE_SYNC, HOLD, QUIESCE, SYNC, RELEASE, RECORD, PRUNE);

  /** A snapshot's version, in a new capsule, on a copy of the snapshot's data. */
  public static final List<Step> RESTORE_SNAPSHOT =
      List.of(
          PREFLIGHT, PREPARE, COPY_SNAPSHOT, HOLD, QUIESCE, START, VERIFY, SWITCH, BAKE, RETAIN);

  /** The same where nothing has served yet: a backup of another host. */
  public static final List<Step> FIRST_UP_OF_SNAPSHOT =
      List.of(PREFLIGHT, PREPARE, COPY_SNAPSHOT, START, VERIFY, SWITCH, RETAIN);

  /** A snapshot is started out of reach, checked and thrown away. */
  public static final List<Step> PROVE_SNAPSHOT =
      List.of(
          PREFLIGHT,
          PREPARE_PROOF,
          COPY_SNAPSHOT,
          START_PROOF,
          VERIFY,
          CHECK_DATABASES,
          RECORD_PROOF,
          DISCARD);

  private static final Map<String, Step> BY_ID = new LinkedHashMap<>();

  static {
    Stream.of(
            FIRST_UP,
            UP_AGAIN,
            UPGRADE,
            REHEARSED_UPGRADE,
            REHEARSAL,
            MOVE,
            CARRY,
            RESTORE,
            ADOPT,
            RETURN,
            SNAPSHOT,
            RESTORE_SNAPSHOT,
            PROVE_SNAPSHOT)
        .flatMap(List::stream)
        .forEach(step -> BY_ID.put(step.id(), step));
  }

  private UpgradePlans() {}

  /** All steps of all kinds of runs. */
  public static List<Step> all() {
    return List.copyOf(BY_ID.values());
  }

  /** The step with an id; empty for a step that only another version of this program knows. */
  public static Optional<Step> find(String id) {
    return Optional.ofNullable(BY_ID.get(id));
  }

  /**
   * The problem of a run that has a step which only another version of this program knows, so that
   * this version can neither resume nor undo the run; empty where this version knows all steps.
   */
  public static Optional<String> describeUnknownStep(String run, List<StepRecord> lines) {
    return lines.stream()
        .map(StepRecord::step)
        .filter(id -> !BY_ID.containsKey(id))
        .findFirst()
        .map(id ->
            "%s has the step '%s', which this version of the orchestrator does not know: start the newer version again, which ends the run"
                .formatted(run, id));
  }

  /** The steps of an upgrade. */
  public static List<Step> upgrade(boolean rehearses) {
    return rehearses ? REHEARSED_UPGRADE : UPGRADE;
  }

  /**
   * The steps of a run.
   *
   * @param carriesData whether a rollback takes the newer data along
   * @param rehearses whether an upgrade rehearses
   */
  public static List<Step> stepsOf(UpgradeRecord run, boolean carriesData, boolean rehearses) {
    if (run.returnsToOriginal()) {
      return run.from() == null ? RETURN_FROM_NOTHING : RETURN;
    }
    return switch (run.kind()) {
      case UPGRADE -> upgrade(rehearses);
      case REHEARSE -> REHEARSAL;
      case MOVE -> MOVE;
      case ADOPT -> ADOPT;
      case SNAPSHOT -> SNAPSHOT;
      case RESTORE -> run.from() == null ? FIRST_UP_OF_SNAPSHOT : RESTORE_SNAPSHOT;
      case PROVE -> PROVE_SNAPSHOT;
      case ROLLBACK -> LostHost.isRollback(run) ? UP_AGAIN : carriesData ? CARRY : RESTORE;
      case UP -> run.from() == null ? FIRST_UP : UP_AGAIN;
    };
  }
}
