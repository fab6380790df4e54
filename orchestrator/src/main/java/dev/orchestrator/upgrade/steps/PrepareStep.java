package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.upgrade.DataChanges;
import dev.orchestrator.upgrade.DataTransfer;
import dev.orchestrator.upgrade.Retention;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Creates the candidate: its container and volumes, with the services created but not started. */
final class PrepareStep extends Step {
  PrepareStep() {
    super(
        "prepare",
        "makes green's container and volumes; inner engine up, services created, not started",
        "green is removed");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.GO_ON;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  @Override
  public String check(UpgradeRun run, UpgradeContext context) {
    return run.moves() ? "" : context.imports().require(run);
  }

  @Override
  public boolean undoesCandidateAlone() {
    return true;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation green = candidate(run, context);
    createVolumes(green, run.id(), context);
    List<String> imported = new ArrayList<>(context.archives().fill(run, green, progress));
    if (!run.moves()) {
      imported.addAll(context.imports().copy(run, green, progress));
    }
    context.starter().startContainer(green, run.id());
    if (run.moves()) {
      context.ownerClaim().acquire(green);
      context.sendFiles(green);
    }
    Set<String> aside = run.moves() ? new TreeSet<>() : context.imports().targets(run, green);
    DataTransfer.copiedVolumes(green).forEach(volume -> aside.add(volume.name()));
    context.capsule(green).create(aside, context.limits().ready());
    return green.container()
        + ", inner engine ready, services created"
        + imported.stream().map(line -> "; " + line).collect(Collectors.joining());
  }

  /** The candidate that this run has from before a restart; otherwise a new one. */
  private static Generation candidate(UpgradeRun run, UpgradeContext context) {
    CapsuleImage image = image(run);
    Generation existing = run.green;
    if (existing != null) {
      if (existing.content().equals(image.content())) {
        return existing;
      }
      // The version's files have changed while the service was stopped.
      context.retention().remove(existing);
    }
    return context
        .candidates()
        .add(
            run,
            image.version(),
            image.content(),
            context.engine().image(image.reference()).map(ImageInfo::id).orElse(image.reference()),
            image.ports(),
            null);
  }

  /** The image that was built; in a rollback the image of the old version. */
  private static CapsuleImage image(UpgradeRun run) {
    Generation old = run.previous;
    CapsuleImage image =
        old == null
            ? run.image
            : new CapsuleImage(old.version(), old.image(), old.content(), old.ports(), 0, true);
    if (image == null) {
      throw new IllegalStateException("prepare before build");
    }
    return image;
  }

  /** Creates the volumes, except attached ones: those are blue's and exist. */
  private static void createVolumes(Generation green, String run, UpgradeContext context) {
    for (DataVolume volume : green.volumes()) {
      if (volume.method() != Method.ATTACH) {
        context
            .engine()
            .createVolume(volume.volume(), context.names().generationLabels(green, run, "data"));
      }
    }
    context
        .engine()
        .createVolume(green.storeVolume(), context.names().generationLabels(green, run, "store"));
  }

  /** Removes the candidate; sets it aside where clients have written to it since a switch. */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation green = run.green;
    if (green == null) {
      return "";
    }
    // A copy that still runs would keep the volumes from being removed.
    context.transfer().removeHelpers(run);
    String logFile = context.failureLogs().save(run.id(), green);
    if (context.hasServed(run)) {
      context.engine().stopContainer(green.container(), UpgradeContext.STOP_TIMEOUT);
      context.journal().setState(green.number(), Generation.State.SET_ASIDE);
      context.ownerClaim().release(green);
      String snapshot = context.snapshots().name(green, SnapshotRecord.Reason.SET_ASIDE, null);
      context
          .log()
          .receipt(run.id())
          .note(
              "what %s has written is snapshot %s: 'orchestrator snapshot restore %s' gets it back"
                  .formatted(green.version(), snapshot, snapshot));
      return green.container()
          + " stopped; what was written to it since the switch is kept: "
          + changes(run, green, context)
          + ", as snapshot "
          + snapshot
          + logFile;
    }
    context.retention().remove(green);
    return green.container() + " and its volumes removed" + logFile;
  }

  /** Describes the candidate's data; the first version has no earlier data to compare with. */
  private static String changes(UpgradeRun run, Generation green, UpgradeContext context) {
    return run.blue == null
        ? "volume " + Retention.volumeNames(green)
        : DataChanges.describe(context.changes().volumeChanges(green, run.blue, run.id()));
  }
}
