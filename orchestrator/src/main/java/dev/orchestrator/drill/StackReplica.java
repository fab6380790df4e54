package dev.orchestrator.drill;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.common.SteadyClock;
import dev.orchestrator.data.CopyJob;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.DataCopier;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.RsyncCopier;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.upgrade.ResourceNames;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A replica of the stack in the home of a drill: a copy of the data, made while the stack serves,
 * and a journal in which that copy is the generation to start. Calls block.
 */
final class StackReplica implements AutoCloseable {
  /**
   * Copies of the data beyond the replica that exist at the same time: of the kept generation, of
   * what a rollback sets aside, of the candidate.
   */
  private static final int MORE_COPIES = 3;

  private static final Duration MEASURE_DEADLINE = Duration.ofMinutes(30);
  private static final Duration HELPER_SLACK = Duration.ofMinutes(5);
  private static final int PASSES = 3;

  private final Settings settings;
  private final ResourceNames names;
  private final Engine engine;
  private final DataCopier copier;

  /**
   * Connects to the engine; copies nothing yet.
   *
   * @param settings settings with the home of the drill
   */
  StackReplica(Settings settings) {
    this.settings = settings;
    this.names = new ResourceNames(settings);
    this.engine = DockerEngine.connect(settings.engine().address(), settings.engine().timeout());
    ImageBuilder builder =
        new ImageBuilder(engine, settings, names.stackLabels(), SteadyClock.get());
    this.copier = new RsyncCopier(engine, () -> builder.base(line -> {}));
  }

  /** What was copied. */
  record Copied(long files, long bytes) {}

  /**
   * Copies the data of the generation that serves, and writes the journal.
   *
   * @param needed bytes that an upgrade needs beyond the copy
   * @throws RefusedException when there is not enough space
   */
  Copied copy(Generation serving, long needed, Consumer<String> progress) {
    // With the same number, as the lease in the data that is copied names it.
    Generation replica =
        new Generation(
            serving.number(),
            serving.version(),
            serving.content(),
            serving.image(),
            names.container(serving.number()),
            replicaVolumes(serving, needed),
            names.store(serving.number()),
            serving.ports(),
            InstantSource.system().instant());
    for (DataVolume volume : replica.volumes()) {
      engine.createVolume(volume.volume(), names.generationLabels(replica, "", "data"));
    }
    engine.createVolume(replica.storeVolume(), names.generationLabels(replica, "", "store"));
    long files = 0;
    long bytes = 0;
    for (int i = 0; i < serving.volumes().size(); i++) {
      Copied volume = copy(serving.volumes().get(i), replica.volumes().get(i), progress);
      files += volume.files();
      bytes += volume.bytes();
    }
    writeJournal(replica);
    return new Copied(files, bytes);
  }

  /**
   * Copies of all volumes, also of those that an upgrade attaches: a drill must not change them.
   */
  private List<DataVolume> replicaVolumes(Generation serving, long needed) {
    Map<String, String> labels = names.helperLabels("drill", ResourceNames.COPY);
    List<DataVolume> volumes = new ArrayList<>();
    long takes = MORE_COPIES * needed;
    long free = Long.MAX_VALUE;
    for (DataVolume volume : serving.volumes()) {
      VolumeUsage measure = copier.measure(volume, labels, MEASURE_DEADLINE);
      takes += measure.share() ? 0 : measure.used();
      free = Math.min(free, measure.free());
      volumes.add(
          DataVolume.plain(
              volume.name(),
              names.volume(serving.number(), volume.name()),
              measure.share() ? Method.REFLINK : Method.COPY,
              volume.paths()));
    }
    long reserve = settings.stack().data().reserve();
    if (takes + reserve > free) {
      throw new RefusedException(
          "not enough space for a drill: its copies take %s, %s are to stay free (data.reserve), and %s are free where the engine keeps its volumes"
              .formatted(HumanText.bytes(takes), HumanText.bytes(reserve), HumanText.bytes(free)));
    }
    return volumes;
  }

  private Copied copy(DataVolume from, DataVolume to, Consumer<String> progress) {
    Duration limit = settings.stack().upgrade().preSync();
    CopyJob job =
        new CopyJob(
            from, to, names.helperLabels("drill", ResourceNames.COPY), limit.plus(HELPER_SLACK));
    long files = 0;
    long bytes = 0;
    try (DataCopier.Copying copying = copier.begin(job)) {
      for (int pass = 0; pass < PASSES; pass++) {
        CopyReport report = copying.live(limit, progress);
        files += pass == 0 ? report.files() : 0;
        bytes += report.bytes();
        if (report.files() == 0) {
          break;
        }
      }
    }
    return new Copied(files, bytes);
  }

  /** Leaves a stack that is down: {@code up} starts the replica. */
  private void writeJournal(Generation replica) {
    InstantSource clock = InstantSource.system();
    try (Journal journal = Journal.open(settings.journal(), clock)) {
      journal.claim(settings.stack().name());
      String run = journal.begin(Kind.UP, "", replica.version(), null).id();
      journal.addCandidate(run, replica);
      journal.switchTo(run, replica.number());
      journal.end(run, Outcome.DONE, "");
      journal.setDown(true);
    }
  }

  /** Names of the drill's containers that run. */
  List<String> running() {
    return engine.containers(names.stackLabels()).stream()
        .filter(container -> container.running() || container.paused())
        .map(ContainerInfo::name)
        .toList();
  }

  /** Removes the containers and volumes of drills in this home; images stay. */
  void remove() {
    for (ContainerInfo container : engine.containers(names.stackLabels())) {
      engine.removeContainer(container.name());
    }
    for (VolumeInfo volume : engine.volumes(names.stackLabels())) {
      engine.removeVolume(volume.name());
    }
  }

  @Override
  public void close() {
    engine.close();
  }
}
