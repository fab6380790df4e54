package dev.orchestrator.report;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.DatabaseTable;
import dev.orchestrator.common.Json;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
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
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
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
    Optional<List<DatabaseTable>> rowsBefore = recorded(snapshot);
    Optional<List<DatabaseTable>> rowsNow = other == null ? served(now) : recorded(other);
    String to = other == null ? "" : other.name();
    if (rowsBefore.isEmpty() || rowsNow.isEmpty()) {
      String unknown = rowsBefore.isEmpty() ? snapshot.name() : to;
      String note =
          unknown.isEmpty()
              ? "rows are not compared: what serves can't be asked"
              : "rows are not compared: those of snapshot %s are not known: 'orchestrator snapshot prove %s' finds them out"
                  .formatted(unknown, unknown);
      return new SnapshotDiff(snapshot.name(), to, volumes, List.of(), note);
    }
    String note =
        rowsBefore.get().isEmpty() && rowsNow.get().isEmpty()
            ? "rows are not compared: there is no MariaDB, MySQL or PostgreSQL that tells them"
            : "";
    return new SnapshotDiff(
        snapshot.name(), to, volumes, tables(rowsBefore.get(), rowsNow.get()), note);
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

  /** Paths as the author of the compose file writes them. */
  private static List<String> shown(List<String> paths) {
    return paths.stream()
        .map(path -> path.replaceFirst("^(..)volumes/", "$1").replaceFirst("^(..)binds/", "$1./"))
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
