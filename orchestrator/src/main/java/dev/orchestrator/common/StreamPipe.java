package dev.orchestrator.common;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Lets one piece of work read what another writes, while it writes. */
public final class StreamPipe {
  /** A writer whose reader is gone ends at its next write. */
  private static final Duration WRITER_ENDS = Duration.ofSeconds(5);

  private StreamPipe() {}

  /** Writes to a stream. */
  @FunctionalInterface
  public interface Writer {
    void write(OutputStream out) throws IOException;
  }

  /** Reads a stream, to its end. */
  @FunctionalInterface
  public interface Reader<T> {
    T read(InputStream in) throws IOException;
  }

  /**
   * Runs the writer on a thread of its own and the reader on this one; returns the reader's result
   * when both have ended. A writer that fails fails the whole, although the reader saw nothing but
   * an early end; a failure of the reader ends the writer.
   *
   * @param doing for the name of the writer's thread
   */
  public static <T> T connect(String doing, Writer writer, Reader<T> reader) {
    try {
      Pipe pipe = Pipe.open();
      return connect(
          doing,
          new Ends(Channels.newOutputStream(pipe.sink()), Channels.newInputStream(pipe.source())),
          writer,
          reader);
    } catch (IOException e) {
      throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Both ends of a pipe. */
  public record Ends(OutputStream out, InputStream in) {}

  /** The same through a pipe that there is, whose ends are closed afterwards. */
  public static <T> T connect(String doing, Ends pipe, Writer writer, Reader<T> reader) {
    try {
      FutureTask<Boolean> writing =
          new FutureTask<>(() -> {
            try (OutputStream out = pipe.out()) {
              writer.write(out);
            }
            return true;
          });
      Thread.ofVirtual().name(doing).start(writing);
      T result;
      Watched in = new Watched(pipe.in());
      try (in) {
        result = reader.read(in);
      } catch (IOException | RuntimeException e) {
        causeOf(e, writing, in.isCutShort());
        throw e;
      }
      boolean _ = writing.get();
      return result;
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case IOException failure ->
            throw new UncheckedIOException(String.valueOf(failure.getMessage()), failure);
        case null, default -> throw new IllegalStateException(doing, e);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RefusedException(doing + ": interrupted", e);
    }
  }

  /** Knows whether its reader stopped before the end. */
  private static final class Watched extends FilterInputStream {
    private boolean isBegun;
    private boolean isEnded;

    Watched(InputStream in) {
      super(in);
    }

    boolean isCutShort() {
      return isBegun && !isEnded;
    }

    private int seen(int read) {
      isBegun = true;
      isEnded |= read < 0;
      return read;
    }

    @Override
    public int read() throws IOException {
      return seen(super.read());
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      return seen(super.read(bytes, from, length));
    }
  }

  /**
   * Throws the writer's failure where it is what the reader failed for.
   *
   * @param isCutShort whether the reader failed in the middle, so that the writer may have failed
   *     for that
   */
  private static void causeOf(Exception reading, FutureTask<Boolean> writing, boolean isCutShort)
      throws InterruptedException {
    try {
      boolean _ = writing.get(WRITER_ENDS.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      writing.cancel(true);
      reading.addSuppressed(e);
    } catch (ExecutionException e) {
      // An IOException is the pipe that the reader has closed.
      if (!isCutShort
          && e.getCause() instanceof RuntimeException failure
          && !(failure instanceof UncheckedIOException)) {
        failure.addSuppressed(reading);
        throw failure;
      }
      reading.addSuppressed(e);
    }
  }
}
