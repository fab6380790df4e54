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
 * What serves, once more, in the home of a drill: its data copied while it serves, and a journal in
 * which that is the generation to bring up. Calls block.
 */
public final class StackReplica implements AutoCloseable {
  /**
   * Copies that are there at once: what serves in the drill, kept, set aside, and the candidate.
   */
  private static final int MORE_COPIES = 3;

  private static final Duration LOOK = Duration.ofMinutes(30);
  private static final Duration SLACK = Duration.ofMinutes(5);
  private static final int PASSES = 3;

  private final Settings settings;
  private final ResourceNames names;
  private final Engine engine;
  private final DataCopier copier;

  /**
   * A replica in the home that these settings name.
   *
   * @param settings with the drill's own home
   */
  public StackReplica(Settings settings) {
    this.settings = settings;
    this.names = new ResourceNames(settings);
    this.engine = DockerEngine.connect(settings.engine().address(), settings.engine().timeout());
    ImageBuilder builder = new ImageBuilder(engine, settings, names.ours(), SteadyClock.get());
    this.copier = new RsyncCopier(engine, () -> builder.base(line -> {}));
  }

  /** What a copy has moved. */
  public record Copied(long files, long bytes) {}

  /**
   * Copies the data of what serves, and writes the journal.
   *
   * @param needed bytes that an upgrade of it takes beyond that
   * @throws RefusedException when there is no space for it
   */
  public Copied copy(Generation blue, long needed, Consumer<String> progress) {
    // The same number: the lease that comes along with the data goes by it.
    Generation replica =
        new Generation(
            blue.number(),
            blue.version(),
            blue.content(),
            blue.image(),
            names.container(blue.number()),
            volumes(blue, needed),
            names.store(blue.number()),
            blue.ports(),
            InstantSource.system().instant());
    for (DataVolume volume : replica.volumes()) {
      engine.createVolume(volume.volume(), names.labels(replica, "", "data"));
    }
    engine.createVolume(replica.storeVolume(), names.labels(replica, "", "store"));
    long files = 0;
    long bytes = 0;
    for (int i = 0; i < blue.volumes().size(); i++) {
      Copied volume = copy(blue.volumes().get(i), replica.volumes().get(i), progress);
      files += volume.files();
      bytes += volume.bytes();
    }
    write(replica);
    return new Copied(files, bytes);
  }

  /** All are copied, also those that an upgrade attaches: nothing of the drill may reach them. */
  private List<DataVolume> volumes(Generation blue, long needed) {
    Map<String, String> labels = names.helper("drill", ResourceNames.COPY);
    List<DataVolume> volumes = new ArrayList<>();
    long takes = MORE_COPIES * needed;
    long free = Long.MAX_VALUE;
    for (DataVolume volume : blue.volumes()) {
      VolumeUsage measure = copier.measure(volume, labels, LOOK);
      takes += measure.share() ? 0 : measure.used();
      free = Math.min(free, measure.free());
      volumes.add(
          DataVolume.plain(
              volume.name(),
              names.volume(blue.number(), volume.name()),
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
        new CopyJob(from, to, names.helper("drill", ResourceNames.COPY), limit.plus(SLACK));
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

  /** As after {@code down}: {@code up} brings it up. */
  private void write(Generation replica) {
    InstantSource clock = InstantSource.system();
    try (Journal journal = Journal.open(settings.home().resolve("journal.db"), clock)) {
      journal.claim(settings.stack().name());
      String run = journal.begin(Kind.UP, "", replica.version(), null).id();
      journal.addCandidate(run, replica);
      journal.switchTo(run, replica.number());
      journal.end(run, Outcome.DONE, "");
      journal.setDown(true);
    }
  }

  /** Names of the drill's containers that run. */
  public List<String> running() {
    return engine.containers(names.ours()).stream()
        .filter(container -> container.running() || container.paused())
        .map(ContainerInfo::name)
        .toList();
  }

  /** Removes everything that a drill in this home has made on the engine, but images. */
  public void remove() {
    for (ContainerInfo container : engine.containers(names.ours())) {
      engine.removeContainer(container.name());
    }
    for (VolumeInfo volume : engine.volumes(names.ours())) {
      engine.removeVolume(volume.name());
    }
  }

  @Override
  public void close() {
    engine.close();
  }
}
