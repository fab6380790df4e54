package dev.orchestrator.testing;

import dev.orchestrator.data.CopyJob;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.DataCopier;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.VolumeChanges;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Mount;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Copies data volumes of a {@link FakeHost}, with a helper container that uses both. */
public final class FakeCopier implements DataCopier {
  private final FakeHost world;

  public FakeCopier(FakeHost world) {
    this.world = world;
  }

  @Override
  public Copying begin(CopyJob job) {
    String helper = "helper-" + ++world.helpers;
    world.engine.createContainer(
        ContainerSpec.helper(
            helper,
            FakeHost.BASE,
            List.of("sleep"),
            job.labels(),
            List.of(
                Mount.readOnly(job.from().volume(), "/from"), Mount.of(job.to().volume(), "/to"))));
    world.engine.startContainer(helper);
    return new WorldCopying(job, helper);
  }

  private final class WorldCopying implements Copying {
    private final CopyJob job;
    private final String helper;

    WorldCopying(CopyJob job, String helper) {
      this.job = job;
      this.helper = helper;
    }

    @Override
    public CopyReport live(Duration deadline, Consumer<String> progress) {
      world.operate("copier.live", this::copy);
      return new CopyReport(1, world.passes.isEmpty() ? 0 : world.passes.remove(), 0, 0, deadline);
    }

    @Override
    public long compare(boolean full, Duration deadline) {
      world.operate("copier.compare", () -> {});
      return 1;
    }

    @Override
    public CopyReport finish(boolean full, Duration deadline, Consumer<String> progress) {
      world.operate(
          "copier.finish",
          () -> {
            if (!world.alive().isEmpty()) {
              world.violations.add("last pass while " + world.writers + " write");
            }
            copy();
          });
      return new CopyReport(1, 1, 1, 1, deadline);
    }

    private void copy() {
      world.data.fill(job.to().volume(), world.data.seen(job.from()));
    }

    @Override
    public void close() {
      world.engine.removeContainer(helper);
    }
  }

  @Override
  public VolumeUsage measure(DataVolume volume, Map<String, String> labels, Duration deadline) {
    return new VolumeUsage(world.used, 1, 0, 0, 1_000_000_000_000L, "ext2/ext3", world.shares);
  }

  @Override
  public VolumeChanges changes(
      DataVolume before,
      DataVolume now,
      Instant since,
      Map<String, String> labels,
      Duration deadline) {
    return new VolumeChanges(world.data.seen(now).size() - world.data.seen(before).size(), 7, 0);
  }
}
