package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.data.CopyJob;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.DataCopier;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Brings blue, the version that served before the run, back to service. Before the switch blue is
 * thawed or started on its own data. After the switch blue runs on a clone of green's data, so that
 * no write is lost, or, where blue is not healthy with that, on its own data as of the switch.
 * Called on the run's thread; may be repeated after a failure.
 */
public final class BlueRestorer {
  private final UpgradeContext context;
  private final CapsuleStarter starter;
  private final VolumeRebaser rebaser;
  private final DataSettings data;
  private final UpgradeSettings limits;

  BlueRestorer(UpgradeContext context) {
    this.context = context;
    this.starter = context.starter();
    this.rebaser = context.rebaser();
    this.data = context.dataSettings();
    this.limits = context.limits();
  }

  /** Brings blue back; returns one line on how blue serves now. */
  public String restore(UpgradeRun run, Consumer<String> progress) {
    Generation blue = run.blue();
    if (context.hasServed(run) && run.green != null) {
      return restoreAfterSwitch(run, blue, run.green, progress);
    }
    return isPaused(blue) ? thaw(run, blue) : bringUp(run, blue, progress);
  }

  /** Starts blue; a version that is not healthy still serves better than none. */
  private String bringUp(UpgradeRun run, Generation blue, Consumer<String> progress) {
    String problem = starter.bringUp(blue, run.id(), progress);
    context.hooks().runAfter(run.id(), context.capsule(blue));
    if (problem.isEmpty()) {
      return blue.version() + " is healthy again";
    }
    run.remainingProblem = blue.version() + " serves again and is not healthy: " + problem;
    return run.remainingProblem;
  }

  private void addNote(UpgradeRun run, String line) {
    context.log().receipt(run.id()).note(line);
  }

  private boolean isPaused(Generation generation) {
    return context
        .engine()
        .container(generation.container())
        .filter(ContainerInfo::paused)
        .isPresent();
  }

  /** Thaws blue in place, so that connections that clients still have open survive. */
  private String thaw(UpgradeRun run, Generation blue) {
    context.engine().unpauseContainer(blue.container());
    Capsule capsule = context.capsule(blue);
    capsule.lease(blue.number(), limits.ready());
    if (!data.services().isEmpty()) {
      capsule.start(limits.verify().deadline());
    }
    context.hooks().runAfter(run.id(), capsule);
    return blue.version() + " thawed";
  }

  private String restoreAfterSwitch(
      UpgradeRun run, Generation blue, Generation green, Consumer<String> progress) {
    if (run.moves()) {
      return restoreFromElsewhere(run, blue, green, progress);
    }
    if (isMarkedInUse(run, blue)) {
      return bringUp(run, blue, progress);
    }
    Optional<String> withNewerData = tryNewerData(run, blue, green, progress);
    if (withNewerData.isPresent()) {
      return withNewerData.get();
    }
    Generation original = rebaser.withOriginalVolumes(run.id(), blue);
    boolean needsClone = rebaser.isLayerBelowAnother(original);
    Generation rebased =
        needsClone
            ? rebaser.rebaseOntoClones(run.id(), blue, original.volumes(), "")
            : rebaser.restoreOriginalVolumes(run.id(), blue);
    context.retention().removeUnusedVolumes();
    addNote(
        run,
        "%s goes on with its data as of the switch; what was written since is set aside in volume %s"
            .formatted(blue.version(), Retention.volumeNames(green)));
    if (!needsClone && isPaused(rebased)) {
      return thaw(run, rebased);
    }
    if (!needsClone) {
      return bringUp(run, rebased, progress);
    }
    starter.startContainer(rebased, run.id());
    context.capsule(rebased).mount(limits.ready());
    String broughtUp = bringUp(run, rebased, progress);
    markInUse(run, rebased);
    return broughtUp;
  }

  /**
   * After a move: brings what was written on the other host back into blue's own volumes, which
   * have the rest of it already. Where these are layers, or settings want the data as of the
   * switch, blue goes on with that.
   */
  private String restoreFromElsewhere(
      UpgradeRun run, Generation blue, Generation green, Consumer<String> progress) {
    if (isPaused(blue)) {
      // What is frozen would write on when it is thawed.
      context.engine().killContainer(blue.container());
    }
    starter.startContainer(blue, run.id());
    if (context.capsule(blue).mark(limits.ready()).equals(run.id())) {
      return bringUp(run, blue, progress); // Clients may have been led to it since.
    }
    String note;
    if (data.rollback() == Rollback.RESTORE
        || blue.volumes().stream().anyMatch(DataVolume::layered)) {
      note =
          "%s goes on with its data as of the switch; what was written since is set aside in volume %s on the other host"
              .formatted(blue.version(), Retention.volumeNames(green));
    } else {
      for (DataVolume volume : blue.volumes()) {
        Optional<DataVolume> newer = DataPlanner.findVolume(green, volume.name());
        if (newer.isPresent()) {
          progress.accept(DataTransfer.prefixed(volume, "bringing back what was written"));
          CopyJob job =
              new CopyJob(
                  newer.get(),
                  volume,
                  context.names().helperLabels(run.id(), ResourceNames.COPY),
                  limits.preSync());
          try (DataCopier.Copying copying = context.copier().begin(job)) {
            CopyReport report = copying.finish(false, limits.preSync(), progress);
            context.transfer().recordPass(run, "back", volume, report);
          }
        }
      }
      note =
          "%s goes on here with what was written on the other host: nothing is lost; there it stays in volume %s"
              .formatted(blue.version(), Retention.volumeNames(green));
    }
    addNote(run, note);
    markInUse(run, blue);
    return bringUp(run, blue, progress);
  }

  /**
   * Marks blue's volumes as in use by this run, because clients may be led to blue from now on. The
   * same undo runs once more when the journal could not be written; without the mark it would throw
   * away what those clients have written.
   */
  private void markInUse(UpgradeRun run, Generation rebased) {
    context.capsule(rebased).mark(run.id(), limits.ready());
  }

  /** Whether an earlier attempt of this run's undo has led clients to blue's new volumes. */
  private boolean isMarkedInUse(UpgradeRun run, Generation blue) {
    if (rebaser.withOriginalVolumes(run.id(), blue).volumes().equals(blue.volumes())
        || context.engine().container(blue.container()).isEmpty()) {
      return false;
    }
    starter.startContainer(blue, run.id());
    return context.capsule(blue).mark(limits.ready()).equals(run.id());
  }

  /**
   * Starts blue on clones of green's volumes.
   *
   * @return one line on the result; empty where settings or the volumes rule this out, or where
   *     blue is not healthy with the newer data
   */
  private Optional<String> tryNewerData(
      UpgradeRun run, Generation blue, Generation green, Consumer<String> progress) {
    boolean wanted =
        run.record.kind() == Kind.UPGRADE
            && data.rollback() != Rollback.RESTORE
            && context.reversals().failure(green, blue).isEmpty()
            && blue.volumes().stream().allMatch(volume -> canBeCloned(volume, green));
    if (!wanted) {
      return Optional.empty();
    }
    try {
      Generation rebased = rebaser.rebaseOntoClones(run.id(), blue, green.volumes(), "-carry");
      // Clients wait meanwhile, so that the hold budget bounds this attempt.
      String healthy = startAndAwaitHealthy(run, rebased, limits.hold(), progress);
      addNote(
          run,
          "%s goes on with a clone of %s's data: nothing that was written is lost; the newer data itself stays in volume %s, that as of the switch until the next upgrade in volume %s"
              .formatted(
                  blue.version(),
                  green.version(),
                  Retention.volumeNames(green),
                  Retention.volumeNames(rebaser.withOriginalVolumes(run.id(), blue))));
      markInUse(run, rebased);
      return Optional.of(healthy + ", with a clone of the newer data");
    } catch (CapsuleException | HealthException e) {
      if (e.getCause() instanceof EngineException) {
        throw e; // The engine does not answer, so that nothing is known of blue's health.
      }
      String why =
          "%s is not healthy with %s's data (%s)"
              .formatted(blue.version(), green.version(), e.getMessage());
      addNote(run, why);
      progress.accept(why + ": taking its own as of the switch");
      return Optional.empty();
    }
  }

  /**
   * Starts the services on the new volumes.
   *
   * @throws HealthException when blue is not healthy within the limit
   */
  private String startAndAwaitHealthy(
      UpgradeRun run, Generation rebased, Duration limit, Consumer<String> progress) {
    starter.startContainer(rebased, run.id());
    Capsule capsule = context.capsule(rebased);
    capsule.mount(limits.ready());
    capsule.lease(rebased.number(), limits.ready());
    Deadline end = Deadline.in(limit);
    context.startServices(rebased, limit, progress);
    context.hooks().runAfter(run.id(), capsule);
    return context
        .awaitHealthy(
            rebased, new VerifySettings(1, limits.verify().interval(), end.atMost(limit)), progress)
        .summary();
  }

  private static boolean canBeCloned(DataVolume volume, Generation green) {
    return DataPlanner.findVolume(green, volume.name())
        .filter(newer -> newer.layers().size() < TransferPolicy.MAX_LAYERS)
        .isPresent();
  }
}
