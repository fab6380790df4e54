package dev.orchestrator.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.Engine;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Copies with rsync, in containers of the capsules' base image, which has the script {@code
 * capsule-copy}. Any thread; calls block.
 */
public final class RsyncCopier implements DataCopier {
  /** For what is done beside the count. */
  private static final Duration SQLITE_GRACE = Duration.ofSeconds(30);

  private final Function<String, Engine> engines;
  private final Supplier<String> image;

  /**
   * Copies in containers of this image.
   *
   * @param image the capsules' base image
   */
  public RsyncCopier(Engine engine, Supplier<String> image) {
    this(volume -> engine, image);
  }

  /**
   * Copies between volumes of several engines, each of which has the image.
   *
   * @param engines the engine that has a volume, by the volume's name
   */
  public RsyncCopier(Function<String, Engine> engines, Supplier<String> image) {
    this.engines = engines;
    this.image = image;
  }

  private Engine engineOf(DataVolume volume) {
    return engines.apply(volume.volume());
  }

  /** A connection is the engine: there is one for each. */
  @SuppressWarnings("ReferenceEquality")
  private static boolean isSame(Engine one, Engine other) {
    return one == other;
  }

  private Engine engineOf(CopySource source) {
    return switch (source) {
      case DataVolume volume -> engineOf(volume);
      // What is no volume of ours is on this host.
      case HostData _ -> engines.apply("");
    };
  }

  @Override
  public Copying begin(CopyJob job) {
    Engine from = engineOf(job.from());
    Engine to = engineOf(job.to());
    if (isSame(from, to)) {
      return RsyncCopy.begin(to, image.get(), job);
    }
    if (!(job.from() instanceof DataVolume volume)) {
      throw new DataException(
          "%s can't be copied to another host".formatted(job.from().description()));
    }
    return RemoteCopy.begin(from, to, image.get(), volume, job);
  }

  @Override
  public CopyReport bring(
      DataVolume from,
      DataVolume to,
      String folder,
      Map<String, String> labels,
      Duration deadline,
      Consumer<String> progress) {
    Deadline end = Deadline.in(deadline);
    String doing = "copying %s to %s".formatted(from.volume(), to.volume());
    try (HelperContainer helper =
        HelperContainer.start(engineOf(to), image.get(), doing, from, to, true, labels, deadline)) {
      JsonNode result = helper.run(List.of("bring", folder), deadline, progress);
      return new CopyReport(
          result.path("files").asLong(),
          result.path("bytes").asLong(),
          result.path("entries").asLong(),
          0,
          result.path("entries").asLong(),
          0,
          deadline.minus(end.remaining()));
    }
  }

  @Override
  public TakenFiles take(
      DataVolume from,
      String path,
      String to,
      String folder,
      Map<String, String> labels,
      Duration deadline) {
    String doing = "taking files of " + from.volume();
    DataVolume target = DataVolume.plain("to", to, DataVolume.Method.COPY, List.of());
    try (HelperContainer helper =
        HelperContainer.start(
            engineOf(from), image.get(), doing, from, target, true, labels, deadline)) {
      List<String> arguments = folder.isEmpty() ? List.of(path) : List.of(path, folder);
      return Json.read(
          helper.script("take-files", arguments, deadline).toString(), TakenFiles.class);
    }
  }

  @Override
  public VolumeDifference difference(
      DataVolume before, DataVolume now, Map<String, String> labels, Duration deadline) {
    String doing = "comparing %s with %s".formatted(before.volume(), now.volume());
    try (HelperContainer helper =
        HelperContainer.start(
            engineOf(now), image.get(), doing, before, now, false, labels, deadline)) {
      return Json.read(
          helper.script("compare-volumes", List.of(), deadline).toString(), VolumeDifference.class);
    }
  }

  @Override
  public SqliteTables sqliteTables(DataVolume volume, Map<String, String> labels, Duration limit) {
    String doing = "counting the rows of SQLite files in " + volume.volume();
    Duration deadline = limit.plus(SQLITE_GRACE);
    try (HelperContainer helper =
        HelperContainer.start(
            engineOf(volume), image.get(), doing, volume, null, false, labels, deadline)) {
      return Json.read(
          helper.command(SqliteTables.commandAtRest("/from", limit), deadline).toString(),
          SqliteTables.class);
    }
  }

  @Override
  public List<Occupied> occupied(
      List<DataVolume.Layer> layers, Map<String, String> labels, Duration deadline) {
    IdentityHashMap<Engine, List<Integer>> byEngine = new IdentityHashMap<>();
    for (int i = 0; i < layers.size(); i++) {
      byEngine
          .computeIfAbsent(engines.apply(layers.get(i).volume()), engine -> new ArrayList<>())
          .add(i);
    }
    Occupied[] found = new Occupied[layers.size()];
    byEngine.forEach((engine, places) -> {
      List<DataVolume.Layer> some = places.stream().map(layers::get).toList();
      String doing = "measuring " + some.getFirst().volume() + " and others";
      try (HelperContainer helper =
          HelperContainer.startReading(engine, image.get(), doing, some, labels, deadline)) {
        JsonNode each = helper.script("occupied", HelperContainer.places(some), deadline);
        for (int i = 0; i < places.size(); i++) {
          JsonNode place = each.path("places").path(i);
          found[places.get(i)] =
              new Occupied(place.path("used").asLong(), place.path("shared").asLong());
        }
      }
    });
    return List.of(found);
  }

  @Override
  public long free(Map<String, String> labels, Duration deadline) {
    String doing = "looking for free space";
    try (HelperContainer helper =
        HelperContainer.start(
            engines.apply(""), image.get(), doing, null, null, true, labels, deadline)) {
      return helper.run(List.of("free"), deadline, line -> {}).path("free").asLong();
    }
  }

  @Override
  public VolumeUsage measure(CopySource source, Map<String, String> labels, Duration deadline) {
    String doing = "measuring " + source.description();
    try (HelperContainer helper =
        HelperContainer.start(
            engineOf(source), image.get(), doing, source, null, true, labels, deadline)) {
      JsonNode result = helper.run(List.of("measure"), deadline, line -> {});
      return new VolumeUsage(
          result.path("used").asLong(),
          result.path("files").asLong(),
          result.path("links").asLong(),
          result.path("largest").asLong(),
          result.path("free").asLong(),
          result.path("type").asText(),
          result.path("share").asBoolean(),
          Duration.ofMillis(result.path("listing").asLong()),
          result.path("recent").asLong());
    }
  }

  @Override
  public long freeElsewhere(
      Engine there, String name, Map<String, String> labels, Duration deadline) {
    return new SpaceProbe(engines.apply(""), image.get(), labels, deadline).free(there, name);
  }

  @Override
  public VolumeChanges changes(
      DataVolume before,
      DataVolume now,
      Instant since,
      Map<String, String> labels,
      Duration deadline) {
    String doing = "counting what was written to " + now.volume();
    Engine engine = engineOf(now);
    if (!isSame(engine, engineOf(before))) {
      throw new DataException(doing + ": what it was before is on another host");
    }
    try (HelperContainer helper =
        HelperContainer.start(
            engineOf(now), image.get(), doing, before, now, false, labels, deadline)) {
      String moment = "%d.%09d".formatted(since.getEpochSecond(), since.getNano());
      JsonNode result = helper.run(List.of("changes", moment), deadline, line -> {});
      return new VolumeChanges(
          result.path("files").asLong(),
          result.path("bytes").asLong(),
          result.path("deleted").asLong());
    }
  }
}
