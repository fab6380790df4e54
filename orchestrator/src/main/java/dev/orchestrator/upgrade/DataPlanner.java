package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CloneSupport;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.VolumeUsage;
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
public final class DataPlanner {
  /** A tree of millions of files takes a while to go through. */
  private static final Duration LOOK = Duration.ofMinutes(30);

  private static final Duration ASK = Duration.ofSeconds(20);

  private final UpgradeContext context;
  private final DataSettings data;

  public DataPlanner(UpgradeContext context) {
    this.context = context;
    this.data = context.settings().stack().data();
  }

  /** The volumes as stack.conf has them, the main one first. */
  List<VolumeSettings> volumes() {
    List<VolumeSettings> all = new ArrayList<>();
    all.add(new VolumeSettings(DataVolume.MAIN, List.of(), data.strategy(), false));
    all.addAll(data.volumes());
    return all;
  }

  /** Of the first version: all begin empty. */
  public List<VolumeTransfer> begin() {
    return volumes().stream()
        .map(volume -> VolumeTransfer.begin(volume.name(), volume.paths()))
        .toList();
  }

  /** Of an upgrade from what serves. */
  public List<VolumeTransfer> upgrade(
      Generation blue, DataOptions options, Map<String, String> labels) {
    return transfers(blue, volumes(), options, labels);
  }

  /** Of going back to an old version with a copy of what serves' data. */
  List<VolumeTransfer> carry(
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
    return transfers(blue, volumes, options, labels);
  }

  private List<VolumeTransfer> transfers(
      Generation blue,
      List<VolumeSettings> volumes,
      DataOptions options,
      Map<String, String> labels) {
    checkPlaces(blue, volumes);
    CloneSupport clones = clones(blue);
    List<VolumeTransfer> transfers = new ArrayList<>();
    for (VolumeSettings volume : volumes) {
      Optional<DataVolume> from = named(blue, volume.name());
      transfers.add(
          from.map(original -> move(blue, volume, original, clones, options, labels))
              .orElseGet(() -> VolumeTransfer.begin(volume.name(), volume.paths())));
    }
    return transfers;
  }

  /** One that doesn't answer is no reason not to leave it. */
  private CloneSupport clones(Generation blue) {
    try {
      return context.capsule(blue).clones(ASK);
    } catch (CapsuleException | EngineException e) {
      return new CloneSupport(false, false, e.getMessage() + "");
    }
  }

  private VolumeTransfer move(
      Generation blue,
      VolumeSettings volume,
      DataVolume from,
      CloneSupport clones,
      DataOptions options,
      Map<String, String> labels) {
    VolumeUsage measure = context.copier().measure(from, labels, LOOK);
    TransferPolicy.Choice choice =
        new TransferPolicy(
                volume.name(),
                blue.version(),
                volume.immutable(),
                from,
                measure,
                clones,
                data.freezes(),
                options.attach() || data.allowAttach())
            .of(volume.strategy());
    return new VolumeTransfer(
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
          throw new RefusedException(
              "data.volumes has changed since %s was brought up: %s %s there; change it back"
                  .formatted(blue.version(), VolumeSettings.shown(path), where));
        });
  }

  public static Optional<DataVolume> named(Generation generation, String name) {
    return generation.volumes().stream().filter(volume -> volume.name().equals(name)).findFirst();
  }

  /**
   * What the moves take beyond what is there, in bytes, and what is free; refused when too much.
   */
  public String requireSpace(List<VolumeTransfer> transfers) {
    long needed = transfers.stream().mapToLong(VolumeTransfer::needs).sum();
    Optional<VolumeUsage> any =
        transfers.stream().flatMap(move -> Stream.ofNullable(move.measure())).findFirst();
    long free = any.map(VolumeUsage::free).orElse(Long.MAX_VALUE);
    if (needed + data.reserve() > free) {
      throw new RefusedException(
          "not enough space for a copy of the data: %s needed and %s to stay free (data.reserve), %s free where the engine keeps its volumes: free some, lower the reserve, or let it be cloned (data.strategy)"
              .formatted(
                  HumanText.bytes(needed), HumanText.bytes(data.reserve()), HumanText.bytes(free)));
    }
    return "%s needed, %s free".formatted(HumanText.bytes(needed), HumanText.bytes(free));
  }
}
