package dev.orchestrator.data;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Copies, measures and compares data volumes in helper containers; no data passes through the JVM.
 * Calls block; a failure is a {@link DataException}.
 */
public interface DataCopier {

  /** Begins a copy: its helper is ready when this returns, and stays until the copy is closed. */
  Copying begin(CopyJob job);

  /** A copy under way. One thread at a time. */
  interface Copying extends AutoCloseable {

    /**
     * A pass while the original may change: what vanishes meanwhile is no failure. Run again it
     * moves the difference alone. Flushed to disk when it returns.
     */
    CopyReport live(Duration deadline, Consumer<String> progress);

    /** Compares content that is at rest, so that the last pass need not; returns how many files. */
    long compare(boolean full, Duration deadline);

    /**
     * The last pass, the original at rest: afterwards the two are the same, which is compared. A
     * difference is a {@link DataException} that names the first.
     *
     * @param full whether all content is compared, else that of databases and of a sample
     */
    CopyReport finish(boolean full, Duration deadline, Consumer<String> progress);

    /** Ends the helper; what was copied stays. */
    @Override
    void close();
  }

  /** What a volume takes, and what is possible where it lives. */
  VolumeUsage measure(DataVolume volume, Map<String, String> labels, Duration deadline);

  /** What one volume has that is newer than the moment, and what of the other it has no more. */
  VolumeChanges changes(
      DataVolume before,
      DataVolume now,
      Instant since,
      Map<String, String> labels,
      Duration deadline);
}
