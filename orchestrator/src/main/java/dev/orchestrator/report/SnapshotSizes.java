package dev.orchestrator.report;

import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Layer;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.Occupied;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.UpgradeContext;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much space snapshots take, and how much of it others have too: that changes when another
 * snapshot is made or deleted, and with every write of what serves. Thread-safe.
 */
public final class SnapshotSizes {
  private static final Logger log = LoggerFactory.getLogger(SnapshotSizes.class);

  /** Somebody waits for the list. */
  private static final Duration LIMIT = Duration.ofSeconds(10);

  /** After a measurement that took longer. */
  private static final Duration REST = Duration.ofMinutes(10);

  private final UpgradeContext context;
  private final Map<Integer, Sizes> known = new ConcurrentHashMap<>();
  private volatile Instant notBefore = Instant.MIN;

  public SnapshotSizes(UpgradeContext context) {
    this.context = context;
  }

  /**
   * The sizes of a snapshot.
   *
   * @param bytes size of its data; {@link SnapshotRecord#UNKNOWN} where it was never measured
   * @param shared how many of these others have too, so that they stay when it is deleted
   * @param at when that was so
   */
  public record Sizes(long bytes, long shared, Instant at) {}

  /** The sizes of a snapshot that were found last; at first those of when it was made. */
  public Sizes of(SnapshotRecord snapshot) {
    return known.getOrDefault(
        snapshot.generation(), new Sizes(snapshot.bytes(), snapshot.shared(), snapshot.created()));
  }

  /**
   * Finds out the sizes of all snapshots as of now. Where that takes longer than somebody waits for
   * it, those that are known stay. None of the snapshots may be deleted meanwhile.
   */
  public void measure() {
    Instant now = context.clock().instant();
    if (now.isBefore(notBefore)) {
      return;
    }
    Map<String, Set<Integer>> users = users();
    List<SnapshotRecord> snapshots = context.journal().snapshots();
    Set<Layer> asked = new LinkedHashSet<>();
    for (SnapshotRecord snapshot : snapshots) {
      if (!isPlain(snapshot, users)) {
        asked.addAll(ownLayers(generation(snapshot), users));
      }
    }
    Map<Layer, Occupied> occupied = new HashMap<>();
    try {
      List<Layer> layers =
          asked.stream()
              .filter(layer -> context.engine().volume(layer.volume()).isPresent())
              .toList();
      if (!layers.isEmpty()) {
        Map<String, String> labels = context.names().helperLabels("snapshot", ResourceNames.LOOK);
        List<Occupied> found = context.copier().occupied(layers, labels, LIMIT);
        for (int i = 0; i < found.size(); i++) {
          occupied.put(layers.get(i), found.get(i));
        }
      }
    } catch (DataException | EngineException e) {
      log.warn("the sizes of snapshots are not measured: {}", e.getMessage());
      notBefore = now.plus(REST);
      return;
    }
    for (SnapshotRecord snapshot : snapshots) {
      known.put(snapshot.generation(), sizes(snapshot, users, occupied, now));
    }
    known.keySet().retainAll(snapshots.stream().map(SnapshotRecord::generation).toList());
  }

  private Generation generation(SnapshotRecord snapshot) {
    return context.snapshots().generationOf(snapshot);
  }

  /** The generations that need each volume of the engine. */
  private Map<String, Set<Integer>> users() {
    Map<String, Set<Integer>> users = new HashMap<>();
    for (GenerationRecord row : context.journal().generations()) {
      if (row.state() != State.REMOVED) {
        row.generation().volumes().stream()
            .flatMap(volume -> volume.needs().stream())
            .forEach(volume ->
                users
                    .computeIfAbsent(volume, name -> new TreeSet<>())
                    .add(row.generation().number()));
      }
    }
    return users;
  }

  private static boolean isAlone(Layer layer, Map<String, Set<Integer>> users) {
    return users.getOrDefault(layer.volume(), Set.of()).size() == 1;
  }

  /** The layers of a snapshot that nobody else needs. */
  private static List<Layer> ownLayers(Generation generation, Map<String, Set<Integer>> users) {
    return generation.volumes().stream()
        .filter(volume -> volume.method() != Method.ATTACH)
        .flatMap(volume -> volume.layers().stream())
        .filter(layer -> isAlone(layer, users))
        .toList();
  }

  /** Whether all of a snapshot is its own, as its data was copied and nothing shares blocks. */
  private boolean isPlain(SnapshotRecord snapshot, Map<String, Set<Integer>> users) {
    return snapshot.bytes() != SnapshotRecord.UNKNOWN
        && generation(snapshot).volumes().stream()
            .allMatch(volume ->
                volume.method() != Method.ATTACH
                    && !volume.layered()
                    && isAlone(new Layer(volume.volume(), false), users))
        && context.journal().generations().stream()
            .filter(row -> row.state() != State.REMOVED)
            .flatMap(row -> row.generation().volumes().stream())
            .noneMatch(volume -> volume.method() == Method.REFLINK);
  }

  private Sizes sizes(
      SnapshotRecord snapshot,
      Map<String, Set<Integer>> users,
      Map<Layer, Occupied> occupied,
      Instant now) {
    if (isPlain(snapshot, users)) {
      return new Sizes(snapshot.bytes(), 0, now);
    }
    Generation generation = generation(snapshot);
    long own = 0;
    long used = 0;
    for (Layer layer : ownLayers(generation, users)) {
      Occupied each = occupied.getOrDefault(layer, new Occupied(0, 0));
      own += each.own();
      used += each.used();
    }
    long bytes = snapshot.bytes();
    if (bytes == SnapshotRecord.UNKNOWN) {
      List<DataVolume> volumes = new ArrayList<>(generation.volumes());
      volumes.removeIf(volume -> volume.method() == Method.ATTACH);
      boolean all =
          volumes.stream()
              .flatMap(volume -> volume.layers().stream())
              .allMatch(occupied::containsKey);
      // Of layers the size together is not that of the data: a file may be in several.
      if (!all || volumes.stream().anyMatch(DataVolume::layered)) {
        return new Sizes(SnapshotRecord.UNKNOWN, SnapshotRecord.UNKNOWN, now);
      }
      bytes = used;
    }
    return new Sizes(bytes, Math.max(0, bytes - own), now);
  }
}
