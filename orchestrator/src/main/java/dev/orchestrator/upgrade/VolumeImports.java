package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.VersionCheck;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.VolumeImport;
import dev.orchestrator.settings.VolumeSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Volumes of the host's engine from which a volume of the stack begins: each is copied once, before
 * the version starts that mounts it first. The original is only read. Blocks.
 */
public final class VolumeImports {
  private static final Duration MEASURE_TIMEOUT = Duration.ofMinutes(30);

  private final UpgradeContext context;

  VolumeImports(UpgradeContext context) {
    this.context = context;
  }

  /**
   * Imports that a version needs: of the volumes that it mounts and the data does not have yet.
   *
   * @param blue the generation that serves, or null
   */
  public List<VolumeImport> pending(@Nullable Generation blue, VersionCheck next) {
    List<VolumeImport> pending = new ArrayList<>();
    for (VolumeImport each : context.dataSettings().imports()) {
      if (next.dataPaths().contains("volumes/" + each.volume())) {
        pending.add(each);
      }
    }
    if (blue != null && !pending.isEmpty()) {
      Set<String> known = new TreeSet<>();
      context
          .capsule(blue)
          .dataPaths(context.briefTimeout())
          .forEach(path -> known.add(VolumeSettings.held(path)));
      pending.removeIf(each -> known.contains("volumes/" + each.volume()));
    }
    return pending;
  }

  /** The imports of a run; none in a rollback, whose version had its volumes already. */
  private List<VolumeImport> pending(UpgradeRun run) {
    if (context.dataSettings().imports().isEmpty() || run.previous != null) {
      return List.of();
    }
    VersionCheck check = run.check;
    if (check == null) {
      check = context.builder().check(run.record.toVersion());
      run.check = check;
    }
    return pending(run.blue, check);
  }

  /**
   * Checks that the volumes exist, that nobody writes to them, and that the copies fit on the disk.
   *
   * @return one line for the receipt; empty when there is nothing to import
   */
  public String require(UpgradeRun run) {
    return require(pending(run), context.names().helperLabels(run.id(), ResourceNames.LOOK));
  }

  /** The same, for these imports. */
  public String require(List<VolumeImport> imports, Map<String, String> labels) {
    List<String> problems = new ArrayList<>();
    for (VolumeImport each : imports) {
      if (context.engine().volume(each.from()).isEmpty()) {
        problems.add(
            "data.import: the host has no volume %s for %s: 'docker volume ls' lists them"
                .formatted(each.from(), each.volume()));
        continue;
      }
      List<String> users = context.engine().volumeUsers(each.from());
      if (!users.isEmpty()) {
        problems.add(
            "data.import: volume %s of the host is in use by %s, and a copy of what changes is not consistent: stop it first"
                .formatted(each.from(), String.join(", ", users)));
      }
    }
    if (!problems.isEmpty()) {
      throw new RefusedException(String.join("; ", problems));
    }
    if (imports.isEmpty()) {
      return "";
    }
    List<VolumeUsage> usages =
        imports.stream()
            .map(each -> context.copier().measure(original(each), labels, MEASURE_TIMEOUT))
            .toList();
    long needed = usages.stream().mapToLong(VolumeUsage::used).sum();
    long free = usages.getFirst().free();
    if (needed + context.dataSettings().reserve() > free) {
      throw new RefusedException(
          "not enough space for data.import: %s needed and %s to stay free (data.reserve), %s free where the engine keeps its volumes"
              .formatted(
                  HumanText.bytes(needed),
                  HumanText.bytes(context.dataSettings().reserve()),
                  HumanText.bytes(free)));
    }
    return imports.stream()
            .map(each ->
                "%s begins as a copy of the host's volume %s".formatted(each.volume(), each.from()))
            .collect(Collectors.joining(", "))
        + ", "
        + HumanText.bytes(needed);
  }

  /** The names of the candidate's volumes that an import puts something into. */
  public Set<String> targets(UpgradeRun run, Generation green) {
    return pending(run).stream()
        .map(each -> target(each, green).name())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Copies what the candidate begins with; may be repeated after a restart. */
  public List<String> copy(UpgradeRun run, Generation green, Consumer<String> progress) {
    List<String> copied = new ArrayList<>();
    for (VolumeImport each : pending(run)) {
      DataVolume target = target(each, green);
      // The capsule takes it from there, unless the data has such a volume: see volumes.sh.
      String folder =
          (target.method() == Method.OVERLAY ? "fresh" : ".orchestrator/fresh")
              + "/volumes/"
              + each.volume();
      long bytes =
          context
              .copier()
              .bring(
                  original(each),
                  DataVolume.plain(target.name(), target.volume(), target.method(), target.paths()),
                  folder,
                  context.names().helperLabels(run.id(), ResourceNames.COPY),
                  context.limits().preSync(),
                  progress)
              .bytes();
      copied.add(
          "%s copied from the host's volume %s, %s"
              .formatted(each.volume(), each.from(), HumanText.bytes(bytes)));
    }
    return copied;
  }

  private static DataVolume original(VolumeImport each) {
    return DataVolume.plain(each.volume(), each.from(), Method.NEW, List.of());
  }

  private static DataVolume target(VolumeImport each, Generation green) {
    String path = "volumes/" + each.volume();
    return green.volumes().stream()
        .filter(volume -> volume.paths().contains(path))
        .findFirst()
        .or(() -> DataPlanner.findVolume(green, DataVolume.MAIN))
        .orElseThrow();
  }
}
