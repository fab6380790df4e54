package dev.orchestrator.upgrade;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.DatabaseTable;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.VolumeChanges;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.SwitchRecord;
import dev.orchestrator.journal.UpgradeRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what clients have written to a generation since the switch to it: files of its volumes,
 * rows of its databases' tables. Reads only, except for {@link #recordTables}; blocks.
 */
public final class DataChanges {
  /** Key in the journal, with the run of a switch: the tables at that time. */
  private static final String TABLES_KEY = "tables";

  private static final TypeReference<List<DatabaseTable>> TABLE_LIST = new TypeReference<>() {};
  private static final Logger log = LoggerFactory.getLogger(DataChanges.class);
  private static final Duration MEASURE_TIMEOUT = Duration.ofMinutes(10);
  private static final Duration CAPSULE_TIMEOUT = Duration.ofSeconds(20);

  private final UpgradeContext context;

  DataChanges(UpgradeContext context) {
    this.context = context;
  }

  /**
   * What was written to a data volume.
   *
   * @param volume the engine's name of the volume, which never changes
   * @param files that are changed or new since the switch
   * @param bytes sizes of those files
   * @param deleted files that were there at the switch
   * @param note why there are no figures, such as that both versions share the volume; empty where
   *     there are
   */
  public record Volume(
      String name, String volume, long files, long bytes, long deleted, String note) {}

  /**
   * What was written to a table of a database.
   *
   * @param rows of the table now, as the server estimates them
   * @param more rows than at the switch; negative when there are fewer
   */
  public record Rows(String service, String table, long rows, long more) {}

  /**
   * Records the tables right after a switch. A failure is logged: a rollback then can't tell how
   * many rows were added.
   */
  public void recordTables(UpgradeRun run) {
    try {
      context
          .journal()
          .attach(
              run.id(),
              TABLES_KEY,
              Json.write(context.capsule(run.green()).tables(CAPSULE_TIMEOUT)));
    } catch (CapsuleException | EngineException e) {
      log.warn("the tables can't be recorded: {}", e.getMessage());
    }
  }

  /** The last switch to a generation, with its run. */
  private Optional<Map.Entry<String, SwitchRecord>> lastSwitch(Generation generation) {
    for (UpgradeRecord run : context.journal().history()) {
      Optional<SwitchRecord> found =
          context
              .journal()
              .switched(run.id())
              .filter(change -> change.generation() == generation.number());
      if (found.isPresent()) {
        return Optional.of(Map.entry(run.id(), found.get()));
      }
    }
    return Optional.empty();
  }

  /** When clients were led to a generation the last time, or its creation. */
  public Instant servingSince(Generation generation) {
    return lastSwitch(generation).map(found -> found.getValue().at()).orElse(generation.created());
  }

  /**
   * Changes of each volume of the generation that serves.
   *
   * @param before the generation whose data it began with
   */
  public List<Volume> volumeChanges(Generation now, Generation before, String run) {
    return now.volumes().stream().map(volume -> changesOf(now, volume, before, run)).toList();
  }

  private Volume changesOf(Generation now, DataVolume volume, Generation before, String run) {
    Optional<DataVolume> old = DataPlanner.findVolume(before, volume.name());
    if (old.isEmpty() || volume.method() == Method.ATTACH) {
      String note =
          old.isEmpty() ? before.version() + " has no such volume" : "both versions have this one";
      return new Volume(volume.name(), volume.volume(), 0, 0, 0, note);
    }
    try {
      VolumeChanges changes =
          context
              .copier()
              .changes(
                  old.get(),
                  volume,
                  servingSince(now),
                  context.names().helperLabels(run, ResourceNames.LOOK),
                  MEASURE_TIMEOUT);
      return new Volume(
          volume.name(), volume.volume(), changes.files(), changes.bytes(), changes.deleted(), "");
    } catch (DataException e) {
      String note = "the changes could not be measured: " + e.getMessage();
      return new Volume(volume.name(), volume.volume(), 0, 0, 0, note);
    }
  }

  /** Tables that were written to since the switch; empty where the databases can't be asked. */
  public List<Rows> tableChanges(Generation now) {
    return tableChanges(now, CAPSULE_TIMEOUT);
  }

  /** The same, with a limit of its own for the question. */
  List<Rows> tableChanges(Generation now, Duration limit) {
    Optional<Map.Entry<String, SwitchRecord>> lastSwitch = lastSwitch(now);
    Map<String, DatabaseTable> tablesAtSwitch =
        lastSwitch
            .flatMap(found -> context.journal().attachment(found.getKey(), TABLES_KEY))
            .map(json -> Json.read(json, TABLE_LIST))
            .orElse(List.of())
            .stream()
            .collect(Collectors.toMap(DataChanges::key, Function.identity(), (a, b) -> a));
    try {
      return context.capsule(now).tables(limit).stream()
          .filter(table -> isWritten(table, atSwitch(tablesAtSwitch, table), servingSince(now)))
          .map(table ->
              rows(table, atSwitch(tablesAtSwitch, table).map(DatabaseTable::rows).orElse(0L)))
          .toList();
    } catch (CapsuleException | EngineException e) {
      log.warn("the tables can't be queried: {}", e.getMessage());
      return List.of();
    }
  }

  private static Optional<DatabaseTable> atSwitch(
      Map<String, DatabaseTable> tablesAtSwitch, DatabaseTable table) {
    return Optional.ofNullable(tablesAtSwitch.get(key(table)));
  }

  private static String key(DatabaseTable table) {
    return table.service() + " " + table.table();
  }

  private static boolean isWritten(
      DatabaseTable now, Optional<DatabaseTable> tableAtSwitch, Instant since) {
    return now.updated() >= since.getEpochSecond()
        || now.writes() > tableAtSwitch.map(DatabaseTable::writes).orElse(0L);
  }

  private static Rows rows(DatabaseTable now, long rowsAtSwitch) {
    return new Rows(now.service(), now.table(), now.rows(), now.rows() - rowsAtSwitch);
  }

  /**
   * Describes changes in one line: {@code data: 12 files of 3.4 MB changed, 1 deleted (volume x)}.
   */
  public static String describe(List<Volume> volumes) {
    return volumes.stream()
        .map(volume ->
            volume.note().isEmpty()
                ? String.format(
                    Locale.ROOT,
                    "%s: %,d files of %s changed, %,d deleted (volume %s)",
                    volume.name(),
                    volume.files(),
                    HumanText.bytes(volume.bytes()),
                    volume.deleted(),
                    volume.volume())
                : "%s: %s (volume %s)".formatted(volume.name(), volume.note(), volume.volume()))
        .collect(Collectors.joining("; "));
  }
}
