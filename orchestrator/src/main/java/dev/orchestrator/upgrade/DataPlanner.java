package dev.orchestrator.upgrade;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.adopt.OriginalData;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CloneSupport;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.HostData;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.VolumeSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Plans how each data volume gets to the next version: measures the volumes, asks {@link
 * TransferPolicy} and checks the free space. Reads only; blocks for as long as the measuring takes.
 */
public final class DataPlanner {
  /** Walking a tree of millions of files takes minutes. */
  private static final Duration MEASURE_TIMEOUT = Duration.ofMinutes(30);

  private static final Duration CAPSULE_TIMEOUT = Duration.ofSeconds(20);

  /** Where nothing is to be cloned. */
  private static final CloneSupport NO_CLONES = new CloneSupport(false, false, "");

  private final UpgradeContext context;
  private final DataSettings data;

  DataPlanner(UpgradeContext context) {
    this.context = context;
    this.data = context.settings().stack().data();
  }

  /** The volumes of stack.conf, the main volume first. */
  List<VolumeSettings> configuredVolumes() {
    List<VolumeSettings> all = new ArrayList<>();
    all.add(new VolumeSettings(DataVolume.MAIN, List.of(), data.strategy(), false));
    all.addAll(data.volumes());
    return all;
  }

  /** Plans for the first version of a stack, whose volumes all begin empty. */
  public List<VolumeTransfer> planFirstUp() {
    return configuredVolumes().stream()
        .map(volume -> VolumeTransfer.startEmpty(volume.name(), volume.paths()))
        .toList();
  }

  /**
   * Plans for an upgrade.
   *
   * @param blue the generation that serves
   * @param labels of helper containers that measure
   */
  public List<VolumeTransfer> planUpgrade(
      Generation blue, DataOptions options, Map<String, String> labels) {
    return transfers(blue, configuredVolumes(), options, labels);
  }

  /** Plans for a move to another host, to which everything is copied. */
  public List<VolumeTransfer> planMove(Generation blue, Map<String, String> labels) {
    return blue.volumes().stream()
        .map(volume ->
            copy(
                volume.name(),
                volume.paths(),
                volume,
                "to another host",
                context.copier().measure(volume, labels, MEASURE_TIMEOUT)))
        .toList();
  }

  private static VolumeTransfer copy(
      String name, List<String> paths, DataVolume from, String why, VolumeUsage usage) {
    return new VolumeTransfer(name, paths, from, DataVolume.Method.COPY, why, List.of(), usage);
  }

  /**
   * Plans for a rollback from another host to this one, to which everything is copied.
   *
   * @param old a generation of this host
   */
  private List<VolumeTransfer> planReturn(
      Generation blue, Generation old, Map<String, String> labels) {
    List<VolumeTransfer> transfers = new ArrayList<>();
    for (DataVolume volume : old.volumes()) {
      Optional<DataVolume> source = findVolume(blue, volume.name());
      if (source.isEmpty()) {
        transfers.add(VolumeTransfer.startEmpty(volume.name(), volume.paths()));
        continue;
      }
      VolumeUsage there = context.copier().measure(source.get(), labels, MEASURE_TIMEOUT);
      VolumeUsage here = context.copier().measure(volume, labels, MEASURE_TIMEOUT);
      transfers.add(
          copy(
              volume.name(),
              volume.paths(),
              source.get(),
              "from another host",
              there.withFree(here.free())));
    }
    return transfers;
  }

  /**
   * Plans for the adoption of a project, whose volumes and folders become the volumes of the stack:
   * by clone where files can share their blocks, else by copy, because the project must stay as it
   * is, and be able to run.
   */
  List<VolumeTransfer> planAdoption(Original original, Map<String, String> labels) {
    List<VolumeTransfer> transfers = new ArrayList<>();
    for (VolumeSettings volume : configuredVolumes()) {
      HostData data = hostData(original, volume.name());
      transfers.add(
          data.parts().isEmpty()
              ? VolumeTransfer.startEmpty(volume.name(), volume.paths())
              : transfer(volume, data, labels));
    }
    return transfers;
  }

  private VolumeTransfer transfer(
      VolumeSettings volume, HostData data, Map<String, String> labels) {
    VolumeUsage sum = null;
    for (HostData.Part part : data.parts()) {
      VolumeUsage usage =
          context
              .copier()
              .measure(new HostData(part.source(), List.of(part)), labels, MEASURE_TIMEOUT);
      // What shares its blocks takes no space.
      VolumeUsage taken = usage.share() ? usage.withUsed(0) : usage;
      sum = sum == null ? taken : sum.plus(taken);
    }
    boolean shares = sum != null && sum.share();
    return new VolumeTransfer(
        volume.name(),
        volume.paths(),
        null,
        shares ? DataVolume.Method.REFLINK : DataVolume.Method.COPY,
        shares
            ? "files can share their blocks with the original's: a clone"
            : "the original must stay as it is",
        List.of(),
        sum);
  }

  /** What of a project becomes a data volume: the main volume has what no other volume has. */
  HostData hostData(Original original, String volume) {
    List<HostData.Part> parts = new ArrayList<>();
    for (OriginalData each : original.data()) {
      if (volumeOf(each).equals(volume)) {
        parts.add(part(each));
      }
    }
    return new HostData("project " + original.project(), parts);
  }

  private String volumeOf(OriginalData each) {
    Path path = Path.of(each.path());
    return data.volumes().stream()
        .filter(volume -> volume.paths().stream().anyMatch(path::startsWith))
        .map(VolumeSettings::name)
        .findFirst()
        .orElse(DataVolume.MAIN);
  }

  private static HostData.Part part(OriginalData each) {
    Path folder = each.folder();
    String volume = each.volume();
    if (folder != null) {
      return new HostData.Part(each.path(), folder.toString(), Files.isRegularFile(folder));
    }
    if (volume == null) {
      throw new IllegalArgumentException(each.path() + " comes from nowhere");
    }
    return new HostData.Part(each.path(), volume, false);
  }

  /** Plans for a rollback to an old generation that takes a copy of blue's data along. */
  List<VolumeTransfer> planCarry(
      Generation blue, Generation old, DataOptions options, Map<String, String> labels) {
    if (blue.elsewhere() != null) {
      return planReturn(blue, old, labels);
    }
    List<VolumeSettings> volumes =
        old.volumes().stream()
            .map(volume ->
                configuredVolumes().stream()
                    .filter(configured -> configured.name().equals(volume.name()))
                    .findFirst()
                    .orElse(
                        new VolumeSettings(volume.name(), volume.paths(), Strategy.AUTO, false)))
            .toList();
    return transfers(blue, volumes, options, labels);
  }

  /**
   * Plans for a snapshot of what serves: by clone where files can share their blocks, else by copy;
   * never by a layer, as what serves goes on writing. A volume whose files never change is shared.
   * A volume that goes from version to version as it is (attached) is left out.
   */
  public List<VolumeTransfer> planSnapshot(Generation blue, Map<String, String> labels) {
    List<VolumeTransfer> transfers = new ArrayList<>();
    for (DataVolume volume : blue.volumes()) {
      if (leftOut(volume)) {
        continue;
      }
      transfers.add(
          isImmutable(volume)
              ? shared(volume)
              : ofItsOwn(volume, blue.version() + " goes on writing", labels));
    }
    if (transfers.isEmpty()) {
      throw new RefusedException(
          "there is nothing to make a snapshot of: all data volumes are attached, and not immutable"
              + " (data.strategy)");
    }
    return transfers;
  }

  /** The names of the volumes that a snapshot of a generation leaves out. */
  public List<String> leftOutOfSnapshot(Generation blue) {
    return blue.volumes().stream().filter(this::leftOut).map(DataVolume::name).toList();
  }

  private boolean leftOut(DataVolume volume) {
    return configured(volume.name())
        .filter(settings -> settings.strategy() == Strategy.ATTACH && !settings.immutable())
        .isPresent();
  }

  private boolean isImmutable(DataVolume volume) {
    return configured(volume.name()).filter(VolumeSettings::immutable).isPresent();
  }

  private Optional<VolumeSettings> configured(String name) {
    return configuredVolumes().stream().filter(volume -> volume.name().equals(name)).findFirst();
  }

  private VolumeTransfer ofItsOwn(DataVolume volume, String why, Map<String, String> labels) {
    VolumeUsage usage = context.copier().measure(volume, labels, MEASURE_TIMEOUT);
    return new VolumeTransfer(
        volume.name(),
        volume.paths(),
        volume,
        usage.share() ? DataVolume.Method.REFLINK : DataVolume.Method.COPY,
        usage.share()
            ? "files can share their blocks on " + usage.fileSystem() + ": a clone"
            : why + ": a copy",
        List.of(),
        usage);
  }

  /**
   * Plans for the restore of a snapshot, which stays as it is: a clone or a copy of each of its
   * volumes. A volume whose files never change is shared; what the snapshot left out is attached,
   * if that is allowed.
   *
   * @param blue null where nothing has served yet: then what the snapshot left out begins empty
   */
  List<VolumeTransfer> planRestore(
      @Nullable Generation blue,
      Generation snapshot,
      DataOptions options,
      Map<String, String> labels) {
    List<VolumeTransfer> transfers = new ArrayList<>();
    for (DataVolume volume : snapshot.volumes()) {
      if (isImmutable(volume)) {
        transfers.add(shared(volume));
      } else if (volume.method() != DataVolume.Method.ATTACH && !leftOut(volume)) {
        transfers.add(ofItsOwn(volume, "the snapshot stays as it is", labels));
      }
    }
    for (VolumeSettings volume : configuredVolumes()) {
      if (transfers.stream().anyMatch(planned -> planned.name().equals(volume.name()))) {
        continue;
      }
      VolumeSettings attached =
          new VolumeSettings(volume.name(), volume.paths(), Strategy.ATTACH, volume.immutable());
      transfers.add(
          blue == null
              ? VolumeTransfer.startEmpty(volume.name(), volume.paths())
              : findVolume(blue, volume.name())
                  .map(own -> transfer(blue, attached, own, NO_CLONES, options, labels))
                  .orElseGet(() -> VolumeTransfer.startEmpty(volume.name(), volume.paths())));
    }
    return transfers;
  }

  /**
   * Plans for the proof of a snapshot, which must stay as it is: by clone where that can be, as
   * what is made of it is thrown away, else by copy. A volume whose files never change is shared;
   * one that the snapshot left out begins empty.
   *
   * @param blue the generation that serves, which is asked what its host can clone; null for none
   */
  List<VolumeTransfer> planProof(
      @Nullable Generation blue, Generation snapshot, Map<String, String> labels) {
    CloneSupport cloneSupport =
        blue == null || context.journal().down() ? NO_CLONES : cloneSupport(blue);
    List<VolumeTransfer> transfers = new ArrayList<>();
    for (DataVolume volume : snapshot.volumes()) {
      if (isImmutable(volume)) {
        transfers.add(shared(volume));
      } else if (leftOut(volume)) {
        transfers.add(VolumeTransfer.startEmpty(volume.name(), volume.paths()));
      } else {
        transfers.add(toThrowAway(volume, cloneSupport, labels));
      }
    }
    for (VolumeSettings volume : configuredVolumes()) {
      if (transfers.stream().noneMatch(planned -> planned.name().equals(volume.name()))) {
        transfers.add(VolumeTransfer.startEmpty(volume.name(), volume.paths()));
      }
    }
    return transfers;
  }

  /**
   * Plans for a rehearsal of an upgrade: by clone where files can share their blocks, else by copy;
   * never by a layer, as what serves goes on writing. A volume whose files never change is shared;
   * a volume that goes from version to version as it is (attached) begins empty.
   */
  List<VolumeTransfer> planRehearsal(Generation blue, Map<String, String> labels) {
    List<VolumeTransfer> transfers = new ArrayList<>();
    for (VolumeSettings volume : configuredVolumes()) {
      Optional<DataVolume> source = findVolume(blue, volume.name()).filter(own -> !leftOut(own));
      transfers.add(
          source
              .map(own ->
                  volume.immutable()
                      ? shared(own)
                      : ofItsOwn(own, blue.version() + " goes on writing", labels))
              .orElseGet(() -> VolumeTransfer.startEmpty(volume.name(), volume.paths())));
    }
    return transfers;
  }

  private VolumeTransfer toThrowAway(
      DataVolume volume, CloneSupport cloneSupport, Map<String, String> labels) {
    VolumeTransfer own = ofItsOwn(volume, "a clone can't be mounted on it", labels);
    VolumeUsage usage = own.usage();
    boolean overlay =
        own.method() == DataVolume.Method.COPY
            && cloneSupport.overlay()
            && volume.layers().size() < TransferPolicy.MAX_LAYERS
            && (cloneSupport.links() || (usage != null && usage.links() == 0));
    return overlay
        ? new VolumeTransfer(
            volume.name(),
            volume.paths(),
            volume,
            DataVolume.Method.OVERLAY,
            "a layer over it: a clone, whatever the size",
            List.of(),
            usage)
        : own;
  }

  private static VolumeTransfer shared(DataVolume volume) {
    return new VolumeTransfer(
        volume.name(),
        volume.paths(),
        volume,
        DataVolume.Method.ATTACH,
        "its files never change (immutable): shared",
        List.of(),
        null);
  }

  private List<VolumeTransfer> transfers(
      Generation blue,
      List<VolumeSettings> volumes,
      DataOptions options,
      Map<String, String> labels) {
    requireUnchangedPaths(blue, volumes);
    CloneSupport cloneSupport = cloneSupport(blue);
    List<VolumeTransfer> transfers = new ArrayList<>();
    for (VolumeSettings volume : volumes) {
      Optional<DataVolume> source = findVolume(blue, volume.name());
      transfers.add(
          source
              .map(original -> transfer(blue, volume, original, cloneSupport, options, labels))
              .orElseGet(() -> VolumeTransfer.startEmpty(volume.name(), volume.paths())));
    }
    return transfers;
  }

  /**
   * What blue's host can clone. A capsule that does not answer must not keep the stack from leaving
   * it, so that no support is assumed then and the data is copied.
   */
  private CloneSupport cloneSupport(Generation blue) {
    try {
      return context.capsule(blue).clones(CAPSULE_TIMEOUT);
    } catch (CapsuleException | EngineException e) {
      return new CloneSupport(false, false, e.getMessage() + "");
    }
  }

  private VolumeTransfer transfer(
      Generation blue,
      VolumeSettings volume,
      DataVolume source,
      CloneSupport cloneSupport,
      DataOptions options,
      Map<String, String> labels) {
    VolumeUsage usage = context.copier().measure(source, labels, MEASURE_TIMEOUT);
    TransferPolicy.Choice choice =
        new TransferPolicy(
                volume.name(),
                blue.version(),
                volume.immutable(),
                source,
                usage,
                cloneSupport,
                data.freezes(),
                options.attach() || data.allowAttach())
            .choose(volume.strategy());
    return new VolumeTransfer(
        volume.name(),
        volume.paths(),
        source,
        choice.method(),
        choice.why(),
        choice.warnings(),
        usage);
  }

  /** Refuses when stack.conf puts a path into another volume: no data moves between volumes. */
  private static void requireUnchangedPaths(Generation blue, List<VolumeSettings> volumes) {
    for (VolumeSettings volume : volumes) {
      List<String> before =
          findVolume(blue, volume.name()).map(DataVolume::paths).orElse(List.of());
      requirePaths(blue, volume.paths(), before, "isn't in the volume " + volume.name());
    }
    for (DataVolume old : blue.volumes()) {
      List<String> now =
          volumes.stream()
              .filter(volume -> volume.name().equals(old.name()))
              .map(VolumeSettings::paths)
              .findFirst()
              .orElse(List.of());
      requirePaths(blue, old.paths(), now, "is in the volume " + old.name());
    }
  }

  private static void requirePaths(
      Generation blue, List<String> paths, List<String> knownPaths, String place) {
    paths.stream()
        .filter(path -> !knownPaths.contains(path))
        .findFirst()
        .ifPresent(path -> {
          throw new RefusedException(
              "data.volumes has changed since %s was brought up: %s %s there; change it back"
                  .formatted(blue.version(), VolumeSettings.shown(path), place));
        });
  }

  public static Optional<DataVolume> findVolume(Generation generation, String name) {
    return generation.volumes().stream().filter(volume -> volume.name().equals(name)).findFirst();
  }

  /**
   * Checks that the copies fit on the disk.
   *
   * @return one line with the space needed and the space free
   * @throws RefusedException when the copies and the reserve need more than is free
   */
  public String requireSpace(List<VolumeTransfer> transfers) {
    return space(transfers, false);
  }

  /**
   * The same, and reserves the space until the run has filled it or has ended: no other stack takes
   * it for free.
   */
  public String reserveSpace(List<VolumeTransfer> transfers) {
    return space(transfers, true);
  }

  private String space(List<VolumeTransfer> transfers, boolean reserve) {
    String stack = context.settings().stack().name();
    long needed = transfers.stream().mapToLong(VolumeTransfer::bytesNeeded).sum();
    Optional<VolumeUsage> measured =
        transfers.stream().flatMap(transfer -> Stream.ofNullable(transfer.usage())).findFirst();
    long free = measured.map(VolumeUsage::free).orElse(Long.MAX_VALUE);
    long others = context.runLimits().reservedByOthers(stack);
    boolean enough =
        reserve
            ? context.runLimits().reserve(stack, needed, free - data.reserve())
            : needed <= free - data.reserve() - others;
    if (!enough) {
      throw new RefusedException(
          "not enough space for a copy of the data: %s needed and %s to stay free (data.reserve), %s free where the engine keeps its volumes%s: free some, lower the reserve, or let it be cloned (data.strategy)%s"
              .formatted(
                  HumanText.bytes(needed),
                  HumanText.bytes(data.reserve()),
                  HumanText.bytes(free),
                  ofOthers(others),
                  context.journal().snapshots().isEmpty()
                      ? ""
                      : "; 'orchestrator snapshot list' shows what snapshots take"));
    }
    return "%s needed, %s free%s"
        .formatted(HumanText.bytes(needed), HumanText.bytes(free), ofOthers(others));
  }

  private static String ofOthers(long reserved) {
    return reserved == 0
        ? ""
        : ", " + HumanText.bytes(reserved) + " of that reserved by runs of other stacks";
  }
}
