package dev.orchestrator.engine;

import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.engine.EngineException.Kind;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends images from one engine to another: the layers that the other engine lacks, in one stream,
 * which never is on a disk of this host.
 */
public final class ImageSender {
  private static final int PIPE = 1 << 20;

  private final Engine from;
  private final Engine to;

  public ImageSender(Engine from, Engine to) {
    this.from = from;
    this.to = to;
  }

  /** Whether the other engine has the image by this name. */
  public boolean isThere(String reference) {
    String id = from.image(reference).map(ImageInfo::id).orElse("");
    return to.image(reference).filter(image -> image.id().equals(id)).isPresent();
  }

  /** Bytes of the layers that will be sent, at most. */
  public long bytes(String reference) {
    ImageInfo image = require(reference);
    int shared = shared(image);
    return shared == 0
        ? image.bytes()
        : image.bytes()
            - to.images(Map.of()).stream()
                .filter(other ->
                    LayerOmission.shared(image.layers(), List.of(other.layers())) == shared)
                .filter(other -> other.layers().size() == shared)
                .mapToLong(ImageInfo::bytes)
                .findFirst()
                .orElse(0);
  }

  /** Bytes of the layers that the other engine lacks, at most; by whatever name it has them. */
  public long lacking(String reference) {
    String id = require(reference).id();
    boolean isThere =
        isThere(reference) || to.images(Map.of()).stream().anyMatch(image -> image.id().equals(id));
    return isThere ? 0 : bytes(reference);
  }

  private ImageInfo require(String reference) {
    return from.image(reference)
        .orElseThrow(() ->
            new EngineException(
                Kind.NOT_FOUND, "sending image " + reference + ": it is not there"));
  }

  private int shared(ImageInfo image) {
    return LayerOmission.shared(
        image.layers(), to.images(Map.of()).stream().map(ImageInfo::layers).toList());
  }

  /**
   * Sends an image; returns the number of bytes that went.
   *
   * @param reference a name, which it has there too afterwards
   */
  public long send(String reference, Duration deadline, Consumer<String> progress) {
    Deadline end = Deadline.in(deadline);
    String doing = "sending image " + reference;
    ImageInfo image = require(reference);
    int shared = shared(image);
    LayerOmission omission =
        shared == 0
            ? new LayerOmission(Set.of())
            : from.save(
                reference,
                end.remaining(),
                saved -> LayerOmission.of(saved, image.layers(), shared));
    long bytes =
        from.save(
            reference,
            end.remaining(),
            saved -> stream(doing, reference, saved, omission, end, progress));
    // Not by its id: an engine with another kind of store gives it another.
    if (to.image(reference).isEmpty()) {
      throw new EngineException(
          Kind.NOT_FOUND, doing + ": the other engine has taken it and does not have it");
    }
    return bytes;
  }

  private long stream(
      String doing,
      String reference,
      InputStream saved,
      LayerOmission omission,
      Deadline end,
      Consumer<String> progress)
      throws IOException {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    PipedInputStream in = new PipedInputStream(PIPE);
    Counter counter = new Counter(new PipedOutputStream(in), progress, reference);
    // A pipe wants a thread at each of its ends that lives until both are done.
    Thread reader =
        Thread.ofPlatform()
            .daemon()
            .name("image " + reference)
            .start(() -> {
              try (counter) {
                omission.copy(saved, counter);
              } catch (IOException | RuntimeException e) {
                failure.set(e);
              }
            });
    try (in) {
      to.load(in, end.remaining(), line -> {});
    } catch (EngineException e) {
      Throwable first = failure.get();
      throw first == null ? e : new EngineException(e.kind(), doing + ": " + first.getMessage(), e);
    } finally {
      join(reader);
    }
    Throwable failed = failure.get();
    if (failed != null) {
      throw new EngineException(Kind.UNREACHABLE, doing + ": " + failed.getMessage(), failed);
    }
    return counter.bytes;
  }

  private static void join(Thread thread) {
    try {
      boolean _ = thread.join(Duration.ofSeconds(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Counts what goes, and tells it once a second. */
  private static final class Counter extends FilterOutputStream {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final Consumer<String> progress;
    private final String reference;
    private long told = System.nanoTime();
    private long bytes;

    Counter(OutputStream out, Consumer<String> progress, String reference) {
      super(out);
      this.progress = progress;
      this.reference = reference;
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
      bytes++;
    }

    @Override
    public void write(byte[] b, int offset, int length) throws IOException {
      out.write(b, offset, length);
      bytes += length;
      long now = System.nanoTime();
      if (now - told > SECOND) {
        told = now;
        progress.accept("image %s: %s sent".formatted(reference, HumanText.bytes(bytes)));
      }
    }
  }
}
