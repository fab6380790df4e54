package dev.orchestrator.data;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Copies, measures and compares data volumes in helper containers: no data passes through this
 * process. Calls block; a failure is a {@link DataException}.
 */
public interface DataCopier {

  /** Begins a copy: its container runs when this returns, until the copy is closed. */
  Copying begin(CopyJob job);

  /** A copy under way. One thread at a time. */
  interface Copying extends AutoCloseable {

    /**
     * Copies while the original may change; a file that vanishes meanwhile is no failure. When it
     * is called again, only differences are copied. The copy is flushed to disk when this returns.
     */
    CopyReport live(Duration deadline, Consumer<String> progress);

    /**
     * Compares what nobody changes at present, so that the last pass looks at nothing but what has
     * changed since; returns the number of files whose content it compared.
     */
    long compare(boolean full, Duration deadline);

    /**
     * Copies the last differences while nobody writes to the original, then compares the two. A
     * difference is a {@link DataException} that names the first file.
     *
     * @param full whether the content of all files is compared, instead of that of databases and of
     *     a sample of the others
     */
    CopyReport finish(boolean full, Duration deadline, Consumer<String> progress);

    /** Removes the container; what was copied stays. */
    @Override
    void close();
  }

  /**
   * Copies a volume that nobody writes to into a folder of another, and compares the two; what the
   * folder had before is replaced.
   *
   * @param folder path in {@code to}
   */
  CopyReport bring(
      DataVolume from,
      DataVolume to,
      String folder,
      Map<String, String> labels,
      Duration deadline,
      Consumer<String> progress);

  /**
   * Copies a file or folder of a volume that nobody writes to.
   *
   * @param path in {@code from}, without links on the way to it
   * @param to a volume, or a path of the engine's host
   * @param folder of {@code to} that gets the file, or folder, with the folders that lead to it,
   *     and loses all else; empty: {@code to} itself gets it under its last name
   */
  TakenFiles take(
      DataVolume from,
      String path,
      String to,
      String folder,
      Map<String, String> labels,
      Duration deadline);

  /** The difference between the files of two volumes; the second may be in use. */
  VolumeDifference difference(
      DataVolume before, DataVolume now, Map<String, String> labels, Duration deadline);

  /**
   * Counts the rows of the SQLite files in a volume that nobody writes to.
   *
   * @param limit of the count itself; files that it has not come to by then are told
   */
  SqliteTables sqliteTables(DataVolume volume, Map<String, String> labels, Duration limit);

  /**
   * Measures what layers take on the disk at present. All of them are read by one container for
   * each engine.
   *
   * @return in the order of the layers
   */
  List<Occupied> occupied(
      List<DataVolume.Layer> layers, Map<String, String> labels, Duration deadline);

  /** The space that is free where the engine keeps its volumes, in bytes. */
  long free(Map<String, String> labels, Duration deadline);

  /** Measures a volume, or what is to become one, and finds out what its file system can do. */
  VolumeUsage measure(CopySource source, Map<String, String> labels, Duration deadline);

  /**
   * Counts what was written to a volume since a moment.
   *
   * @param before the data as of that moment: its files that {@code now} lacks were deleted
   */
  VolumeChanges changes(
      DataVolume before,
      DataVolume now,
      Instant since,
      Map<String, String> labels,
      Duration deadline);
}
