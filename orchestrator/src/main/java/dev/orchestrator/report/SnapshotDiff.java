package dev.orchestrator.report;

import dev.orchestrator.data.VolumeDifference.Count;
import java.util.List;

/**
 * The difference between a snapshot and another one, or what serves.
 *
 * @param from name of the snapshot
 * @param to name of the other snapshot; empty for what serves
 * @param tables those whose number of rows differs
 * @param tablesNote why rows of some databases are not compared; empty where all are
 */
public record SnapshotDiff(
    String from, String to, List<Volume> volumes, List<Table> tables, String tablesNote) {

  /**
   * The difference between the files of a volume, from the one to the other.
   *
   * @param paths the first that differ, each after {@code +}, {@code ~} or {@code -} and a space
   * @param note why there are no figures; empty where there are
   */
  public record Volume(
      String name, Count added, Count changed, Count removed, List<String> paths, String note) {
    /** A volume without figures. */
    static Volume without(String name, String note) {
      Count none = new Count(0, 0);
      return new Volume(name, none, none, none, List.of(), note);
    }
  }

  /**
   * A table of a database.
   *
   * @param service that has the database; of SQLite the path of the file
   * @param before rows in the one, as a server estimates them; -1 where it is not there
   * @param after rows in the other
   */
  public record Table(String service, String table, long before, long after) {}
}
