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
  private final FakeHost host;

  public FakeCopier(FakeHost host) {
    this.host = host;
  }

  @Override
  public Copying begin(CopyJob job) {
    String helper = "helper-" + ++host.helpers;
    host.engine.createContainer(
        ContainerSpec.helper(
            helper,
            FakeHost.BASE,
            List.of("sleep"),
            job.labels(),
            List.of(
                Mount.readOnly(job.from().volume(), "/from"), Mount.of(job.to().volume(), "/to"))));
    host.engine.startContainer(helper);
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
      host.operate("copier.live", this::copy);
      return new CopyReport(1, host.passes.isEmpty() ? 0 : host.passes.remove(), 0, 0, deadline);
    }

    @Override
    public long compare(boolean full, Duration deadline) {
      host.operate("copier.compare", () -> {});
      return 1;
    }

    @Override
    public CopyReport finish(boolean full, Duration deadline, Consumer<String> progress) {
      host.operate(
          "copier.finish",
          () -> {
            if (!host.alive().isEmpty()) {
              host.violations.add("last pass while " + host.writers + " write");
            }
            copy();
          });
      return new CopyReport(1, 1, 1, 1, deadline);
    }

    private void copy() {
      host.data.fill(job.to().volume(), host.data.seen(job.from()));
    }

    @Override
    public void close() {
      host.engine.removeContainer(helper);
    }
  }

  @Override
  public VolumeUsage measure(DataVolume volume, Map<String, String> labels, Duration deadline) {
    return new VolumeUsage(host.used, 1, 0, 0, 1_000_000_000_000L, "ext2/ext3", host.shares);
  }

  @Override
  public VolumeChanges changes(
      DataVolume before,
      DataVolume now,
      Instant since,
      Map<String, String> labels,
      Duration deadline) {
    return new VolumeChanges(host.data.seen(now).size() - host.data.seen(before).size(), 7, 0);
  }
}
