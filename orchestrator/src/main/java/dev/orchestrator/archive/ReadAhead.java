package dev.orchestrator.archive;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.commons.io.input.ReadAheadInputStream;

/**
 * Reads the next piece of a stream while the last one is worked on: what packs data and what takes
 * its digest would wait for each other otherwise, each on a processor of its own.
 */
final class ReadAhead {
  private static final int BYTES = 4 << 20;

  private ReadAhead() {}

  /** The same stream, which its caller closes; of this one the close ends the reading alone. */
  static InputStream of(InputStream stream) throws IOException {
    ExecutorService reader = Executors.newVirtualThreadPerTaskExecutor();
    InputStream unclosed =
        new FilterInputStream(stream) {
          @Override
          public void close() {
            // The caller's.
          }
        };
    return new FilterInputStream(
        ReadAheadInputStream.builder()
            .setInputStream(unclosed)
            .setBufferSize(BYTES)
            .setExecutorService(reader)
            .get()) {
      @Override
      public void close() throws IOException {
        super.close();
        reader.shutdownNow();
      }
    };
  }
}
