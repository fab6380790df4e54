package dev.orchestrator.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.StreamPipe;
import dev.orchestrator.engine.Engine;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A data volume as one stream, and out of one again: a tar with owners, hard links, holes and
 * extended attributes, compressed. The work is done in helper containers; what passes through this
 * process is never kept. Any thread; calls block; a failure is a {@link DataException}.
 */
public final class VolumeStream {
  private final Engine engine;
  private final Supplier<String> image;
  private final Map<String, String> labels;

  /**
   * Works in containers of this image.
   *
   * @param image the capsules' base image
   * @param labels of the helper containers
   */
  public VolumeStream(Engine engine, Supplier<String> image, Map<String, String> labels) {
    this.engine = engine;
    this.image = image;
    this.labels = Map.copyOf(labels);
  }

  /** What is free where the engine keeps its volumes. */
  public long free(Duration deadline) {
    try (HelperContainer helper = start("measuring the disk", null, null, deadline)) {
      return helper.run(List.of("free"), deadline, line -> {}).path("free").asLong();
    }
  }

  /** What {@link #pack} takes, unpacked. */
  public record Weight(long bytes, long files) {}

  public Weight weigh(DataVolume volume, Duration deadline) {
    String doing = "measuring " + volume.volume();
    try (HelperContainer helper = start(doing, volume, null, deadline)) {
      JsonNode result = helper.run(List.of("weigh"), deadline, line -> {});
      return new Weight(result.path("bytes").asLong(), result.path("files").asLong());
    }
  }

  /**
   * Gives a volume that nobody writes to, as a tar in zstd, to a reader, which reads it to its end.
   *
   * @param without paths of files that are left out
   */
  public <T> T pack(
      DataVolume volume, List<String> without, Duration deadline, StreamPipe.Reader<T> reader) {
    String doing = "reading " + volume.volume();
    List<String> arguments = new ArrayList<>(List.of("pack"));
    arguments.addAll(without);
    try (HelperContainer helper = start(doing, volume, null, deadline)) {
      return StreamPipe.connect(doing, out -> helper.read(arguments, deadline, out), reader);
    }
  }

  /**
   * Puts a stream into a volume, in place of what is there. Flushed when it returns.
   *
   * @param bytes of the stream
   * @param compression {@code zstd} or {@code none}
   * @return how many files there are
   */
  public long unpack(
      InputStream stream, long bytes, String compression, DataVolume volume, Duration deadline) {
    String doing = "filling " + volume.volume();
    try (HelperContainer helper = start(doing, null, volume, deadline)) {
      return helper
          .write(List.of("unpack", Long.toString(bytes), compression), deadline, stream)
          .path("files")
          .asLong();
    }
  }

  private HelperContainer start(
      String doing, @Nullable DataVolume from, @Nullable DataVolume to, Duration deadline) {
    return HelperContainer.start(engine, image.get(), doing, from, to, true, labels, deadline);
  }
}
