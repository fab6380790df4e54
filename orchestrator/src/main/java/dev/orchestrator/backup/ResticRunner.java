package dev.orchestrator.backup;

import java.io.OutputStream;
import java.time.Duration;

/** Where restic runs: on this host, or in a container that has the volumes. */
public interface ResticRunner {

  /**
   * Opens a place where restic sees the data.
   *
   * @param writes whether restic writes there: for a restore
   * @param life how long it may be needed; it goes by itself a minute later, in case a crash leaves
   *     it behind
   */
  Session open(BackupSource source, boolean writes, Duration life);

  /**
   * Removes what a killed service has left. To be called before the first run, when no other is
   * under way.
   */
  void removeLeftovers();

  /**
   * Whether a lock belongs to a run of this orchestrator that is over, where restic itself can't
   * know.
   *
   * @param host as the lock names it
   */
  boolean isOver(String host);

  /** What follows a run of restic. It is told the lines of both streams, one at a time. */
  interface Watcher {
    void line(String line);

    /** Asked about once a second, by any thread: whether restic is to be ended. */
    boolean stop();
  }

  /** The data, and restic beside it. One thread at a time. */
  interface Session extends AutoCloseable {

    /**
     * Runs restic in the folder with the data; returns its exit code. After the deadline, or when
     * the watcher says so, it is interrupted, so that it removes its lock, and killed if that does
     * not help.
     */
    int run(ResticCommand command, Duration deadline, Watcher watcher);

    /**
     * Copies a folder of the data out, as a tar archive in gzip.
     *
     * @param part name of the folder, beside those of the volumes
     */
    void copyOut(String part, OutputStream to);

    @Override
    void close();
  }
}
