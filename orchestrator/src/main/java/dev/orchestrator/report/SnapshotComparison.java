package dev.orchestrator.report;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.DatabaseTable;
import dev.orchestrator.common.Json;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.SqliteTables;
import dev.orchestrator.data.VolumeDifference;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.upgrade.DataPlanner;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.UpgradeContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Compares a snapshot with another one or with what serves: files by volume, rows by table. Reads
 * only; blocks for as long as a listing of all files takes.
 */
public final class SnapshotComparison {
  private static final TypeReference<List<DatabaseTable>> TABLES = new TypeReference<>() {};
  private static final Duration FILES_TIMEOUT = Duration.ofMinutes(20);
  private static final Duration TABLES_TIMEOUT = Duration.ofSeconds(20);

  private final UpgradeContext context;

  public SnapshotComparison(UpgradeContext context) {
    this.context = context;
  }

  /**
   * Compares.
   *
   * @param other null for what serves
   * @param now the generation of the other, or the one that serves
   */
  public SnapshotDiff of(SnapshotRecord snapshot, @Nullable SnapshotRecord other, Generation now) {
    Generation before = context.snapshots().generationOf(snapshot);
    List<SnapshotDiff.Volume> volumes = new ArrayList<>();
    for (DataVolume volume : before.volumes()) {
      volumes.add(volume(volume, DataPlanner.findVolume(now, volume.name())));
    }
    for (DataVolume volume : now.volumes()) {
      if (DataPlanner.findVolume(before, volume.name()).isEmpty()) {
        volumes.add(
            SnapshotDiff.Volume.without(
                volume.name(), "snapshot " + snapshot.name() + " does not have it"));
      }
    }
    Rows rows = new Rows();
    addServers(rows, snapshot, other, now);
    addSqlite(rows, before, now, other == null);
    if (rows.notes.isEmpty() && rows.before.isEmpty() && rows.now.isEmpty()) {
      rows.notes.add("rows are not compared: there is no database that tells them");
    }
    return new SnapshotDiff(
        snapshot.name(),
        other == null ? "" : other.name(),
        volumes,
        tables(rows.before, rows.now),
        String.join("; ", rows.notes));
  }

  private SnapshotDiff.Volume volume(DataVolume before, Optional<DataVolume> now) {
    if (now.isEmpty()) {
      return SnapshotDiff.Volume.without(before.name(), "it is in the snapshot alone");
    }
    if (now.get().volume().equals(before.volume())) {
      return SnapshotDiff.Volume.without(before.name(), "both have this one");
    }
    try {
      VolumeDifference found =
          context
              .copier()
              .difference(
                  before,
                  now.get(),
                  context.names().helperLabels("snapshot", ResourceNames.LOOK),
                  FILES_TIMEOUT);
      return new SnapshotDiff.Volume(
          before.name(), found.added(), found.changed(), found.removed(), shown(found.paths()), "");
    } catch (DataException e) {
      return SnapshotDiff.Volume.without(
          before.name(), "it could not be compared: " + e.getMessage());
    }
  }

  /** The same for paths with a sign and a space in front. */
  private static List<String> shown(List<String> paths) {
    return paths.stream().map(path -> path.substring(0, 2) + shown(path.substring(2))).toList();
  }

  /** A path in a volume as the author of the compose file writes it. */
  private static String shown(String path) {
    return path.replaceFirst("^volumes/", "").replaceFirst("^binds/", "./");
  }

  /** The tables of both sides, and why some are on neither. */
  private static final class Rows {
    private final List<DatabaseTable> before = new ArrayList<>();
    private final List<DatabaseTable> now = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
  }

  /** Adds the tables of MariaDB, MySQL and PostgreSQL, where both sides are known. */
  private void addServers(
      Rows rows, SnapshotRecord snapshot, @Nullable SnapshotRecord other, Generation now) {
    Optional<List<DatabaseTable>> before = recorded(snapshot);
    Optional<List<DatabaseTable>> after = other == null ? served(now) : recorded(other);
    if (before.isPresent() && after.isPresent()) {
      rows.before.addAll(before.get());
      rows.now.addAll(after.get());
    } else if (before.isPresent() && other == null) {
      rows.notes.add("rows are not compared: what serves can't be asked");
    } else {
      String unknown = before.isEmpty() || other == null ? snapshot.name() : other.name();
      rows.notes.add(
          "rows of MariaDB, MySQL and PostgreSQL are not compared: those of snapshot %s are not known: 'orchestrator snapshot prove %s' finds them out"
              .formatted(unknown, unknown));
    }
  }

  /**
   * Adds the tables of SQLite's files, but for those files that one side could not count.
   *
   * @param live whether services write to the data of {@code now}
   */
  private void addSqlite(Rows rows, Generation before, Generation now, boolean live) {
    for (DataVolume volume : before.volumes()) {
      Optional<DataVolume> other = DataPlanner.findVolume(now, volume.name());
      if (other.isEmpty() || other.get().volume().equals(volume.volume())) {
        continue;
      }
      try {
        SqliteTables old = atRest(volume);
        SqliteTables current =
            live
                ? context.capsule(now).sqliteTables(other.get(), TABLES_TIMEOUT)
                : atRest(other.get());
        Map<String, String> uncounted = new TreeMap<>();
        Stream.of(old, current)
            .flatMap(side -> side.uncounted().stream())
            .forEach(file -> uncounted.putIfAbsent(file.file(), file.reason()));
        uncounted.forEach((file, reason) ->
            rows.notes.add("rows of %s are not compared: %s".formatted(shown(file), reason)));
        rows.before.addAll(counted(old, uncounted.keySet()));
        rows.now.addAll(counted(current, uncounted.keySet()));
      } catch (DataException | CapsuleException | EngineException e) {
        rows.notes.add(
            "rows of SQLite's files in %s are not compared: %s"
                .formatted(volume.name(), e.getMessage()));
      }
    }
  }

  private SqliteTables atRest(DataVolume volume) {
    Map<String, String> labels = context.names().helperLabels("snapshot", ResourceNames.LOOK);
    return context.copier().sqliteTables(volume, labels, TABLES_TIMEOUT);
  }

  /** The same tables, each with its file in the place of a service. */
  private static List<DatabaseTable> counted(SqliteTables found, Set<String> without) {
    return found.tables().stream()
        .filter(table -> !without.contains(table.file()))
        .map(table -> new DatabaseTable(shown(table.file()), table.table(), table.rows(), 0, 0))
        .toList();
  }

  private static Optional<List<DatabaseTable>> recorded(SnapshotRecord snapshot) {
    return Optional.ofNullable(snapshot.tables()).map(json -> Json.read(json, TABLES));
  }

  private Optional<List<DatabaseTable>> served(Generation now) {
    try {
      return Optional.of(context.capsule(now).tables(TABLES_TIMEOUT));
    } catch (CapsuleException | EngineException e) {
      return Optional.empty();
    }
  }

  private static List<SnapshotDiff.Table> tables(
      List<DatabaseTable> before, List<DatabaseTable> now) {
    Map<String, DatabaseTable> old = byKey(before);
    Map<String, DatabaseTable> current = byKey(now);
    TreeSet<String> keys = new TreeSet<>(old.keySet());
    keys.addAll(current.keySet());
    return keys.stream()
        .map(key -> table(old.get(key), current.get(key)))
        .filter(table -> table.before() != table.after())
        .toList();
  }

  private static SnapshotDiff.Table table(
      @Nullable DatabaseTable before, @Nullable DatabaseTable now) {
    DatabaseTable either = before != null ? before : now;
    if (either == null) {
      throw new IllegalStateException("a table of neither");
    }
    return new SnapshotDiff.Table(
        either.service(),
        either.table(),
        before == null ? -1 : before.rows(),
        now == null ? -1 : now.rows());
  }

  private static Map<String, DatabaseTable> byKey(List<DatabaseTable> tables) {
    return tables.stream()
        .collect(
            Collectors.toMap(
                table -> table.service() + " " + table.table(),
                table -> table,
                (first, second) -> first,
                TreeMap::new));
  }
}
