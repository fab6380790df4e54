package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The snapshots of a stack: their names, what they need, and the removal of those not needed. */
public final class Snapshots {
  private static final Logger log = LoggerFactory.getLogger(Snapshots.class);
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]{0,127}");
  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmm", Locale.ROOT);
  private static final int LONGEST_VERSION = 80;
  private static final Duration TABLES_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration MEASURE_TIMEOUT = Duration.ofMinutes(10);

  private final UpgradeContext context;

  /** How many read a snapshot at present, by its name. */
  private final Map<String, Integer> used = new ConcurrentHashMap<>();

  Snapshots(UpgradeContext context) {
    this.context = context;
  }

  /** While it is open nothing deletes the snapshot. */
  public interface Use extends AutoCloseable {
    @Override
    void close();
  }

  /** Keeps a snapshot from being deleted, as its data is read. */
  public Use use(String name) {
    int _ = used.merge(name, 1, Integer::sum);
    return () -> used.computeIfPresent(name, (_, users) -> users == 1 ? null : users - 1);
  }

  /** Whether a snapshot's data is read at present. */
  public boolean isUsed(String name) {
    return used.containsKey(name);
  }

  /** The snapshot with a name, which must be there. */
  public SnapshotRecord require(String name) {
    return context
        .journal()
        .snapshot(name)
        .orElseThrow(() ->
            new RefusedException(
                "there is no snapshot %s: 'orchestrator snapshot list' lists them"
                    .formatted(name)));
  }

  /** The generation whose volumes are the data of a snapshot. */
  public Generation generationOf(SnapshotRecord snapshot) {
    return record(snapshot).generation();
  }

  private GenerationRecord record(SnapshotRecord snapshot) {
    return context.journal().generations().stream()
        .filter(row -> row.generation().number() == snapshot.generation())
        .findFirst()
        .orElseThrow(
            () -> new IllegalStateException("no generation of snapshot " + snapshot.name()));
  }

  /** Refuses a name that is not valid, or that another snapshot has. */
  public void requireFree(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new RefusedException(
          "\"%s\" can't be the name of a snapshot: write letters, digits and ._+-, a letter or digit first"
              .formatted(name.length() > 60 ? name.substring(0, 60) + "…" : name));
    }
    if (context.journal().snapshot(name).isPresent()) {
      throw new RefusedException(
          "there is a snapshot %s already: choose another name, or 'orchestrator snapshot delete %s' first"
              .formatted(name, name));
    }
  }

  /**
   * A name that no snapshot has: {@code set-aside-v2-2026-11-27-0512}.
   *
   * @param prefix such as {@code set-aside-}
   */
  public String freeName(String prefix, String version, Instant at) {
    String name =
        prefix
            + (version.length() > LONGEST_VERSION ? version.substring(0, LONGEST_VERSION) : version)
            + "-"
            + MINUTE.format(at.atZone(zone()));
    String free = name;
    for (int i = 2; context.journal().snapshot(free).isPresent(); i++) {
      free = name + "-" + i;
    }
    return free;
  }

  private ZoneId zone() {
    return context.settings().schedule().zone();
  }

  /**
   * Gives the data of a generation that has served a name, so that it stays as a snapshot; returns
   * the name. Measures the data. Safe to repeat.
   *
   * @param asOf the moment that the data is of; null for now
   */
  public String name(Generation generation, Reason reason, @Nullable Instant asOf) {
    return name(generation, reason, asOf, () -> measure(generation));
  }

  /** The same, where the size of the data is known. */
  public String name(
      Generation generation, Reason reason, @Nullable Instant asOf, LongSupplier bytes) {
    Optional<SnapshotRecord> known =
        context.journal().snapshots().stream()
            .filter(snapshot -> snapshot.generation() == generation.number())
            .findFirst();
    if (known.isPresent()) {
      return known.get().name();
    }
    Instant at = (asOf == null ? context.clock().instant() : asOf).truncatedTo(ChronoUnit.MILLIS);
    String prefix = reason.text().replace(' ', '-') + "-";
    SnapshotRecord snapshot =
        new SnapshotRecord(
            freeName(prefix, generation.version(), at),
            generation.number(),
            reason,
            at,
            bytes.getAsLong(),
            SnapshotRecord.UNKNOWN,
            0,
            settingsText());
    context.journal().nameSnapshot(snapshot);
    return snapshot.name();
  }

  /**
   * Takes the name from a generation's data, which is about to be written to; returns the name that
   * it had.
   */
  public Optional<String> dropName(Generation generation) {
    Optional<String> name =
        context.journal().snapshots().stream()
            .filter(snapshot -> snapshot.generation() == generation.number())
            .map(SnapshotRecord::name)
            .findFirst();
    name.ifPresent(_ -> context.journal().removeSnapshotName(generation.number()));
    return name;
  }

  /**
   * Keeps the tables of a snapshot's databases, as a capsule with the same data has them. A failure
   * is logged: a comparison then can't tell of rows.
   *
   * @param snapshot the generation that is the snapshot
   */
  public void recordTables(Generation snapshot, Capsule capsule) {
    try {
      context.journal().recordTables(snapshot.number(), Json.write(capsule.tables(TABLES_TIMEOUT)));
    } catch (CapsuleException | EngineException e) {
      log.warn("the tables of a snapshot are not recorded: {}", e.getMessage());
    }
  }

  private long measure(Generation generation) {
    Map<String, String> labels = context.names().helperLabels("snapshot", ResourceNames.LOOK);
    long bytes = 0;
    for (DataVolume volume : generation.volumes()) {
      if (volume.method() == Method.ATTACH) {
        continue;
      }
      try {
        VolumeUsage usage = context.copier().measure(volume, labels, MEASURE_TIMEOUT);
        bytes += usage.used();
      } catch (DataException | EngineException e) {
        log.warn("{} is not measured: {}", volume.volume(), e.getMessage());
        return SnapshotRecord.UNKNOWN;
      }
    }
    return bytes;
  }

  /** Names what is set aside and has no name, such as by an earlier version of this program. */
  public void nameAllSetAside() {
    for (GenerationRecord row : context.journal().generations()) {
      if (row.state() == State.SET_ASIDE) {
        String _ = name(row.generation(), Reason.SET_ASIDE, null);
      }
    }
  }

  /** The text of stack.conf; empty where it can't be read. */
  public String settingsText() {
    try {
      return Files.readString(context.settings().stack().folder().resolve("stack.conf"));
    } catch (IOException e) {
      return "";
    }
  }

  /** The versions whose data is a layer over a snapshot's, with their generations. */
  public List<String> layersOver(SnapshotRecord snapshot) {
    Generation below = generationOf(snapshot);
    return context.journal().generations().stream()
        .filter(row -> row.state() != State.REMOVED)
        .map(GenerationRecord::generation)
        .filter(other -> other.number() != below.number())
        .filter(other -> VolumeRebaser.isLayeredOver(other, below))
        .map(other -> "%s (generation %d)".formatted(other.version(), other.number()))
        .toList();
  }

  /**
   * Deletes a snapshot; returns one line on what becomes of its data.
   *
   * @throws RefusedException when a generation's data is a layer over it
   */
  public String delete(SnapshotRecord snapshot) {
    if (isUsed(snapshot.name())) {
      throw new NotYetException(
          "snapshot %s is being read, as for a backup: wait for the end of that, or 'orchestrator abort'"
              .formatted(snapshot.name()));
    }
    List<String> over = layersOver(snapshot);
    GenerationRecord row = record(snapshot);
    if (row.state() == State.KEPT) {
      context.journal().removeSnapshotName(snapshot.generation());
      return "%s deleted; its data stays until another upgrade, as a rollback goes back to it"
          .formatted(snapshot.name());
    }
    if (!over.isEmpty()) {
      throw new RefusedException(
          "snapshot %s can't be deleted yet: the data of %s is a layer over it"
              .formatted(snapshot.name(), String.join(", ", over)));
    }
    context.retention().remove(row.generation());
    return snapshot.name() + " deleted";
  }

  /**
   * The snapshots that the settings no longer keep and that nothing needs. What a rollback goes
   * back to stays.
   */
  public List<SnapshotRecord> surplus() {
    return new SnapshotRetention(context.settings().stack().snapshots(), zone())
        .surplus(context.journal().snapshots(), context.clock().instant()).stream()
            .filter(snapshot -> record(snapshot).state() != State.KEPT)
            .filter(snapshot -> !isUsed(snapshot.name()))
            .filter(snapshot -> layersOver(snapshot).isEmpty())
            .toList();
  }

  /** Deletes the snapshots that the settings no longer keep; returns their names. */
  public List<String> prune() {
    return prune(0);
  }

  /**
   * The same, but for the snapshot that is one generation's data.
   *
   * @param spared number of the generation
   */
  public List<String> prune(int spared) {
    List<String> names = new ArrayList<>();
    for (SnapshotRecord snapshot : surplus()) {
      if (snapshot.generation() != spared) {
        String _ = delete(snapshot);
        names.add(snapshot.name());
      }
    }
    return names;
  }

  /** One line on a snapshot that was deleted by {@link #prune}, with the settings that say so. */
  public static String describePruned(String name) {
    return "snapshot %s deleted, as the settings in 'snapshots' no longer keep it".formatted(name);
  }
}
