package dev.orchestrator.testing;

import dev.orchestrator.data.CopyJob;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.CopySource;
import dev.orchestrator.data.DataCopier;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.HostData;
import dev.orchestrator.data.Occupied;
import dev.orchestrator.data.SqliteTables;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.data.VolumeChanges;
import dev.orchestrator.data.VolumeDifference;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Mount;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Copies data volumes of a {@link FakeHost}, with a helper container that mounts source and target.
 */
public final class FakeCopier implements DataCopier {
  private final FakeHost host;

  public FakeCopier(FakeHost host) {
    this.host = host;
  }

  @Override
  public Copying begin(CopyJob job) {
    String helper = "helper-" + ++host.helperCount;
    FakeEngine to = host.engineWith(job.to().volume());
    Set<FakeEngine> engines = new LinkedHashSet<>(List.of(to));
    sources(job.from()).map(host::engineWith).forEach(engines::add);
    for (FakeEngine engine : engines) {
      engine.createContainer(
          ContainerSpec.helper(
              helper,
              FakeHost.BASE_IMAGE,
              List.of("sleep"),
              job.labels(),
              Stream.concat(
                      sources(job.from())
                          .filter(volume -> host.engineWith(volume) == engine)
                          .map(volume -> Mount.readOnly(volume, "/from/" + volume)),
                      engine == to
                          ? Stream.of(Mount.of(job.to().volume(), "/to"))
                          : Stream.<Mount>empty())
                  .toList()));
      engine.startContainer(helper);
    }
    return new FakeCopying(job, helper, engines);
  }

  private static Stream<String> sources(CopySource from) {
    return switch (from) {
      case DataVolume volume -> Stream.of(volume.volume());
      case HostData data -> data.parts().stream().map(HostData.Part::source);
    };
  }

  private List<String> rows(CopySource from) {
    return switch (from) {
      case DataVolume volume -> host.volumes.readRows(volume);
      case HostData data ->
          data.parts().stream()
              .map(part ->
                  DataVolume.plain(part.path(), part.source(), DataVolume.Method.NEW, List.of()))
              .flatMap(volume -> host.volumes.readRows(volume).stream())
              .toList();
    };
  }

  private final class FakeCopying implements Copying {
    private final CopyJob job;
    private final String helper;
    private final Set<FakeEngine> engines;

    FakeCopying(CopyJob job, String helper, Set<FakeEngine> engines) {
      this.job = job;
      this.engines = engines;
      this.helper = helper;
    }

    @Override
    public CopyReport live(Duration deadline, Consumer<String> progress) {
      host.operate("copier.live", this::copy);
      long moved = host.nextPassBytes.isEmpty() ? 0 : host.nextPassBytes.remove();
      long left = host.nextPassBytes.isEmpty() ? 0 : host.nextPassBytes.element();
      return new CopyReport(1, moved, 0, 0, 0, left, deadline);
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
            if (host.activeWriters().stream().anyMatch(this::writesToSource)) {
              host.violations.add("last pass while " + host.writingContainers + " write");
            }
            copy();
          });
      return new CopyReport(1, 1, 1, 1, 1, 0, host.lastPass);
    }

    private boolean writesToSource(String writer) {
      return writer.equals(FakeProject.DB)
          || host.volumes.mountedBy(writer).stream()
              .anyMatch(mounted ->
                  sources(job.from()).anyMatch(source -> mounted.layers().contains(source)));
    }

    private void copy() {
      host.volumes.replaceRows(job.to().volume(), rows(job.from()));
    }

    @Override
    public void close() {
      engines.forEach(engine -> engine.removeContainer(helper));
    }
  }

  @Override
  public CopyReport bring(
      DataVolume from,
      DataVolume to,
      String folder,
      Map<String, String> labels,
      Duration deadline,
      Consumer<String> progress) {
    host.operate(
        "copier.bring", () -> host.imported.put(to.volume() + "/" + folder, from.volume()));
    return new CopyReport(1, 1, 1, 0, 1, 0, deadline);
  }

  @Override
  public TakenFiles take(
      DataVolume from,
      String path,
      String to,
      String folder,
      Map<String, String> labels,
      Duration deadline) {
    if (path.endsWith("/none")) {
      throw new DataException("taking files of " + from.volume() + ": there is no none");
    }
    host.operate(
        "copier.take",
        () ->
            host.taken.put(
                to + (folder.isEmpty() ? "" : "/" + folder), from.volume() + "/" + path));
    return new TakenFiles(List.of(), List.of(path), 7);
  }

  @Override
  public VolumeDifference difference(
      DataVolume before, DataVolume now, Map<String, String> labels, Duration deadline) {
    int more = host.volumes.readRows(now).size() - host.volumes.readRows(before).size();
    return new VolumeDifference(
        new VolumeDifference.Count(more, 7L * more),
        new VolumeDifference.Count(0, 0),
        new VolumeDifference.Count(0, 0),
        List.of("+ volumes/db/a", "~ binds/conf/b"));
  }

  @Override
  public SqliteTables sqliteTables(DataVolume volume, Map<String, String> labels, Duration limit) {
    return host.sqliteTables.getOrDefault(volume.volume(), new SqliteTables(List.of(), List.of()));
  }

  @Override
  public List<Occupied> occupied(
      List<DataVolume.Layer> layers, Map<String, String> labels, Duration deadline) {
    if (host.occupiedFails) {
      throw new DataException("measuring: the deadline has passed");
    }
    return layers.stream()
        .map(layer -> host.occupied.getOrDefault(layer.volume(), new Occupied(host.usedBytes, 0)))
        .toList();
  }

  @Override
  public long free(Map<String, String> labels, Duration deadline) {
    return host.freeBytes;
  }

  @Override
  public VolumeUsage measure(CopySource source, Map<String, String> labels, Duration deadline) {
    return new VolumeUsage(
        host.usedBytes,
        1,
        0,
        0,
        host.freeBytes,
        "ext2/ext3",
        host.supportsReflinks,
        Duration.ofMillis(100),
        41);
  }

  @Override
  public long freeElsewhere(
      Engine there, String name, Map<String, String> labels, Duration deadline) {
    String _ = there.info().id(); // It must answer.
    return 1_000_000_000_000L;
  }

  @Override
  public VolumeChanges changes(
      DataVolume before,
      DataVolume now,
      Instant since,
      Map<String, String> labels,
      Duration deadline) {
    return new VolumeChanges(
        host.volumes.readRows(now).size() - host.volumes.readRows(before).size(), 7, 0);
  }
}
