package dev.orchestrator.upgrade.steps;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.upgrade.DataChanges;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.Retention;
import dev.orchestrator.upgrade.Snapshots;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Stops blue and keeps it for a rollback; removes generations beyond {@code upgrade.keep}. */
final class RetainStep extends Step {
  RetainStep() {
    super("retain", "stops blue and keeps it; removes older generations", "nothing to undo");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.GO_ON;
  }

  /** Keeps green, which serves and is healthy: leftovers are no reason for a rollback. */
  @Override
  public OnFailure onFailure() {
    return OnFailure.KEEP;
  }

  @Override
  public Optional<String> abortRefusal() {
    return Optional.of(
        "has switched and is putting the old version away: 'orchestrator rollback' goes back");
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    if (run.original != null) {
      context.ports().end();
    }
    if (run.record.returnsToOriginal()) {
      return removeStack(context);
    }
    context.archives().end(run);
    List<String> results = new ArrayList<>();
    for (Generation each : Arrays.asList(run.blue, run.green)) {
      if (each != null) {
        context.ownerClaim().release(each);
      }
    }
    if (run.original != null) {
      results.add(
          "project %s stopped and kept, its restart policies noted: 'orchestrator adopt --undo' goes back"
              .formatted(run.original.project()));
    }
    Generation blue = run.blue;
    if (blue != null && run.green != null && blue.number() != run.green.number()) {
      // Its lease keeps blue from starting its services again.
      stopContainer(blue, context);
      if (run.record.kind() == Kind.ROLLBACK) {
        String snapshot = context.snapshots().name(blue, Reason.SET_ASIDE, run.heldAt);
        String note = describeSetAside(run, blue, run.green, context);
        tell(run, note + "; it is snapshot " + snapshot, results, context);
      } else if (run.restoresSnapshot()) {
        String snapshot = context.snapshots().name(blue, Reason.BEFORE_RESTORE, run.heldAt);
        tell(
            run,
            "what served before is snapshot %s: 'orchestrator snapshot restore %s' gets it back"
                .formatted(snapshot, snapshot),
            results,
            context);
      } else {
        keepBeforeUpgrade(run, blue, run.green, results, context);
        results.add(blue.version() + " (" + blue.container() + ") stopped and kept for rollback");
      }
    }
    context
        .lostHost()
        .of(run.record)
        .ifPresent(lost -> tell(run, context.lostHost().describe(lost), results, context));
    Retention retention = context.retention();
    context.snapshots().nameAllSetAside();
    results.addAll(retention.putAwayBeyond(State.KEPT, context.limits().keep()));
    // What this run has set aside is told to be kept, and may be older than what another one has.
    int setAside = blue == null ? 0 : blue.number();
    results.addAll(retention.putAwayBeyond(State.SET_ASIDE, 1, setAside));
    for (String name : context.snapshots().prune(setAside)) {
      tell(run, Snapshots.describePruned(name), results, context);
    }
    retention.removeUnusedVolumes();
    int pruned = context.builder().prune(retention.presentVersions());
    if (pruned > 0) {
      results.add(
          pruned == 1
              ? "1 image that no version needs removed"
              : pruned + " images that no version needs removed");
    }
    return results.isEmpty() ? "nothing to remove" : String.join("; ", results);
  }

  /** Adds a line to the result and to the receipt. */
  private static void tell(
      UpgradeRun run, String line, List<String> results, UpgradeContext context) {
    context.log().receipt(run.id()).note(line);
    results.add(line);
  }

  /** Keeps what an upgrade has begun with as a snapshot, where the settings want it. */
  private static void keepBeforeUpgrade(
      UpgradeRun run,
      Generation blue,
      Generation green,
      List<String> results,
      UpgradeContext context) {
    boolean wanted =
        switch (context.settings().stack().snapshots().beforeUpgrade()) {
          case ON -> true;
          case OFF -> false;
          case AUTO -> green.volumes().stream().noneMatch(RetainStep::isCopied);
        };
    if (wanted
        && run.record.kind() == Kind.UPGRADE
        && green.volumes().stream().noneMatch(volume -> isWrittenBy(green, volume, context))) {
      results.add(
          "its data is snapshot "
              + context
                  .snapshots()
                  .name(
                      blue,
                      Reason.BEFORE_UPGRADE,
                      run.heldAt,
                      () -> context.transfer().measuredBytes(run)));
    }
  }

  /** Whether a volume of green is blue's own, and green changes its files. */
  private static boolean isWrittenBy(Generation green, DataVolume volume, UpgradeContext context) {
    return volume.method() == Method.ATTACH
        && context.planner().leftOutOfSnapshot(green).contains(volume.name());
  }

  private static boolean isCopied(DataVolume volume) {
    return volume.method() == Method.COPY || volume.method() == Method.NEW;
  }

  /** Removes what a rollback to the project leaves: the capsules and their data. */
  private static String removeStack(UpgradeContext context) {
    context.retention().removeAll();
    int _ = context.builder().prune(List.of());
    return "the stack's capsules and their data removed";
  }

  /** Kills a frozen capsule rather than stop it: what it would still write is in no copy. */
  private static void stopContainer(Generation generation, UpgradeContext context) {
    Optional<ContainerInfo> container = context.engine().container(generation.container());
    if (container.isEmpty()) {
      return;
    }
    if (container.get().paused()
        || (container.get().running() && context.dataSettings().freezes())) {
      context.engine().killContainer(generation.container());
    } else {
      context.engine().stopContainer(generation.container(), UpgradeContext.STOP_TIMEOUT);
    }
  }

  /** Describes where a rollback has left the data of the newer version. */
  private static String describeSetAside(
      UpgradeRun run, Generation blue, Generation green, UpgradeContext context) {
    if (DataOptions.ofRun(context, run.id()).carriesData()) {
      return "%s's data, as it was when it was left, is kept in volume %s"
          .formatted(blue.version(), Retention.volumeNames(blue));
    }
    return "what was written to %s since its switch is set aside: %s"
        .formatted(
            blue.version(),
            DataChanges.describe(context.changes().volumeChanges(blue, green, run.id())));
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return "";
  }
}
