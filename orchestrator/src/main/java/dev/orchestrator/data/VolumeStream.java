package dev.orchestrator.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.StreamPipe;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Mount;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A data volume as one stream, and out of one again: a tar with owners, hard links, holes and
 * extended attributes, compressed. The work is done in helper containers; what passes through this
 * process is never kept. Any thread; calls block; a failure is a {@link DataException}.
 */
public final class VolumeStream {
  private static final Logger log = LoggerFactory.getLogger(VolumeStream.class);
  private static final int BLOCK = 1 << 16;

  private final Engine engine;
  private final Supplier<String> image;
  private final Map<String, String> labels;
  private final Path folder;

  /**
   * Works in containers of this image.
   *
   * @param image the capsules' base image
   * @param labels of the helper containers
   * @param folder of this host, where a pipe to an engine on this host is made; nobody else's
   */
  public VolumeStream(
      Engine engine, Supplier<String> image, Map<String, String> labels, Path folder) {
    this.engine = engine;
    this.image = image;
    this.labels = Map.copyOf(labels);
    this.folder = folder;
  }

  /** What {@link #pack} takes, unpacked. */
  public record Weight(long bytes, long files) {}

  /** Reads a volume's stream to its end, and is told first what the volume has. */
  @FunctionalInterface
  public interface WeighedReader<T> {
    T read(Weight weight, InputStream stream) throws IOException;
  }

  /**
   * Gives a volume that nobody writes to, as a tar in zstd, to a reader, which reads it to its end.
   *
   * @param without paths of files that are left out
   */
  public <T> T pack(
      DataVolume volume, List<String> without, Duration deadline, WeighedReader<T> reader) {
    String doing = "reading " + volume.volume();
    List<String> arguments = new ArrayList<>(List.of("pack"));
    arguments.addAll(without);
    return withHelper(
        doing,
        volume,
        null,
        deadline,
        (helper, pipe) -> {
          JsonNode found = helper.run(List.of("weigh"), deadline, line -> {});
          Weight weight = new Weight(found.path("bytes").asLong(), found.path("files").asLong());
          StreamPipe.Reader<T> weighed = stream -> reader.read(weight, stream);
          return pipe.isPresent()
              ? StreamPipe.connect(
                  doing,
                  pipe.get(),
                  _ -> helper.readTo(HostPipe.PLACE, arguments, deadline),
                  weighed)
              : StreamPipe.connect(doing, out -> helper.read(arguments, deadline, out), weighed);
        });
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
    List<String> arguments = List.of("unpack", Long.toString(bytes), compression);
    JsonNode result =
        withHelper(
            doing,
            null,
            volume,
            deadline,
            (helper, pipe) ->
                pipe.isPresent()
                    ? fill(doing, pipe.get(), stream, helper, arguments, deadline)
                    : helper.write(arguments, deadline, stream));
    return result.path("files").asLong();
  }

  private static JsonNode fill(
      String doing,
      StreamPipe.Ends pipe,
      InputStream stream,
      HelperContainer helper,
      List<String> arguments,
      Duration deadline) {
    CountDownLatch opened = new CountDownLatch(1);
    return StreamPipe.connect(
        doing,
        pipe,
        out -> {
          try {
            copy(stream, out);
          } finally {
            // To open one end waits for the other, for ever where that was closed already.
            awaitOpened(opened, deadline);
          }
        },
        _ -> {
          try {
            return helper.writeFrom(HostPipe.PLACE, arguments, deadline, opened::countDown);
          } finally {
            opened.countDown();
          }
        });
  }

  private static void awaitOpened(CountDownLatch opened, Duration deadline) throws IOException {
    try {
      boolean _ = opened.await(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private static void copy(InputStream in, OutputStream out) throws IOException {
    byte[] block = new byte[BLOCK];
    for (int read = in.read(block); read >= 0; read = in.read(block)) {
      out.write(block, 0, read);
    }
  }

  /** Work with a helper container, and with a pipe to it where there can be one. */
  private interface Work<T> {
    T run(HelperContainer helper, Optional<StreamPipe.Ends> pipe);
  }

  private <T> T withHelper(
      String doing,
      @Nullable DataVolume from,
      @Nullable DataVolume to,
      Duration deadline,
      Work<T> work) {
    if (!engine.info().address().startsWith("unix:")) {
      try (HelperContainer helper = start(doing, from, to, List.of(), deadline)) {
        return work.run(helper, Optional.empty());
      }
    }
    try (HostPipe pipe = HostPipe.in(folder);
        HelperContainer helper = startWith(pipe, doing, from, to, deadline)) {
      return work.run(helper, pipe.open(helper));
    } catch (IOException e) {
      throw new DataException(doing + ": " + e.getMessage(), e);
    }
  }

  /** Without the pipe where the engine does not have this process's folders, or not all of them. */
  private HelperContainer startWith(
      HostPipe pipe,
      String doing,
      @Nullable DataVolume from,
      @Nullable DataVolume to,
      Duration deadline) {
    try {
      return start(doing, from, to, List.of(pipe.mount()), deadline);
    } catch (DataException e) {
      log.debug("no pipe to the engine: {}", e.getMessage());
      return start(doing, from, to, List.of(), deadline);
    }
  }

  private HelperContainer start(
      String doing,
      @Nullable DataVolume from,
      @Nullable DataVolume to,
      List<Mount> more,
      Duration deadline) {
    return HelperContainer.start(
        engine, image.get(), doing, from, to, true, more, labels, deadline);
  }
}
