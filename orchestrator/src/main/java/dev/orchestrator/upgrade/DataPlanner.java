package dev.orchestrator.upgrade;

import dev.orchestrator.Amounts;
import dev.orchestrator.Refusal;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CloneSupport;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.Measure;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.VolumeSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds out how each data volume gets to the next version. Changes nothing. */
final class DataPlanner {
  /** A tree of millions of files takes a while to go through. */
  private static final Duration LOOK = Duration.ofMinutes(30);

  private static final Duration ASK = Duration.ofSeconds(20);

  private final Parts parts;
  private final DataSettings data;

  DataPlanner(Parts parts) {
    this.parts = parts;
    this.data = parts.settings().stack().data();
  }

  /** The volumes as stack.conf has them, the main one first. */
  List<VolumeSettings> volumes() {
    List<VolumeSettings> all = new ArrayList<>();
    all.add(new VolumeSettings(DataVolume.MAIN, List.of(), data.strategy(), false));
    all.addAll(data.volumes());
    return all;
  }

  /** Of the first version: all begin empty. */
  List<Move> begin() {
    return volumes().stream().map(volume -> Move.begin(volume.name(), volume.paths())).toList();
  }

  /** Of an upgrade from what serves. */
  List<Move> upgrade(Generation blue, DataOptions options, Map<String, String> labels) {
    return moves(blue, volumes(), options, labels);
  }

  /** Of going back to an old version with a copy of what serves' data. */
  List<Move> carry(
      Generation blue, Generation old, DataOptions options, Map<String, String> labels) {
    List<VolumeSettings> volumes =
        old.volumes().stream()
            .map(volume ->
                volumes().stream()
                    .filter(set -> set.name().equals(volume.name()))
                    .findFirst()
                    .orElse(
                        new VolumeSettings(volume.name(), volume.paths(), Strategy.AUTO, false)))
            .toList();
    return moves(blue, volumes, options, labels);
  }

  private List<Move> moves(
      Generation blue,
      List<VolumeSettings> volumes,
      DataOptions options,
      Map<String, String> labels) {
    checkPlaces(blue, volumes);
    CloneSupport clones = clones(blue);
    List<Move> moves = new ArrayList<>();
    for (VolumeSettings volume : volumes) {
      Optional<DataVolume> from = named(blue, volume.name());
      moves.add(
          from.map(original -> move(blue, volume, original, clones, options, labels))
              .orElseGet(() -> Move.begin(volume.name(), volume.paths())));
    }
    return moves;
  }

  /** One that doesn't answer is no reason not to leave it. */
  private CloneSupport clones(Generation blue) {
    try {
      return parts.capsule(blue).clones(ASK);
    } catch (CapsuleException | EngineException e) {
      return new CloneSupport(false, false, e.getMessage() + "");
    }
  }

  private Move move(
      Generation blue,
      VolumeSettings volume,
      DataVolume from,
      CloneSupport clones,
      DataOptions options,
      Map<String, String> labels) {
    Measure measure = parts.copier().measure(from, labels, LOOK);
    MethodChoice.Choice choice =
        new MethodChoice(
                volume.name(),
                blue.version(),
                volume.immutable(),
                from,
                measure,
                clones,
                data.freezes(),
                options.attach() || data.allowAttach())
            .of(volume.strategy());
    return new Move(
        volume.name(),
        volume.paths(),
        from,
        choice.method(),
        choice.why(),
        choice.warnings(),
        measure);
  }

  /** What is in a volume of its own stays there: nothing moves from one volume to another. */
  private static void checkPlaces(Generation blue, List<VolumeSettings> volumes) {
    for (VolumeSettings volume : volumes) {
      List<String> before = named(blue, volume.name()).map(DataVolume::paths).orElse(List.of());
      require(blue, volume.paths(), before, "isn't in the volume " + volume.name());
    }
    for (DataVolume old : blue.volumes()) {
      List<String> now =
          volumes.stream()
              .filter(volume -> volume.name().equals(old.name()))
              .map(VolumeSettings::paths)
              .findFirst()
              .orElse(List.of());
      require(blue, old.paths(), now, "is in the volume " + old.name());
    }
  }

  private static void require(
      Generation blue, List<String> wanted, List<String> there, String where) {
    wanted.stream()
        .filter(path -> !there.contains(path))
        .findFirst()
        .ifPresent(path -> {
          throw new Refusal(
              "data.volumes has changed since %s was brought up: %s %s there; change it back"
                  .formatted(blue.version(), VolumeSettings.shown(path), where));
        });
  }

  static Optional<DataVolume> named(Generation generation, String name) {
    return generation.volumes().stream().filter(volume -> volume.name().equals(name)).findFirst();
  }

  /**
   * What the moves take beyond what is there, in bytes, and what is free; refused when too much.
   */
  String space(List<Move> moves) {
    long needed = moves.stream().mapToLong(Move::needs).sum();
    Optional<Measure> any =
        moves.stream().flatMap(move -> Stream.ofNullable(move.measure())).findFirst();
    long free = any.map(Measure::free).orElse(Long.MAX_VALUE);
    if (needed + data.reserve() > free) {
      throw new Refusal(
          "not enough space for a copy of the data: %s needed and %s to stay free (data.reserve), %s free where the engine keeps its volumes: free some, lower the reserve, or let it be cloned (data.strategy)"
              .formatted(
                  Amounts.bytes(needed), Amounts.bytes(data.reserve()), Amounts.bytes(free)));
    }
    return "%s needed, %s free".formatted(Amounts.bytes(needed), Amounts.bytes(free));
  }
}
