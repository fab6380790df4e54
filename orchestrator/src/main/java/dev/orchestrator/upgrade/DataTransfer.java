package dev.orchestrator.upgrade;

import dev.orchestrator.data.CopyJob;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.CopySource;
import dev.orchestrator.data.DataCopier.Copying;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Moves blue's data to a run's candidate; shared by the steps that copy. On the run's thread. */
public final class DataTransfer {
  /** A helper container ends by itself this long after the time that its copy may take. */
  private static final Duration HELPER_SLACK = Duration.ofMinutes(5);

  private final UpgradeContext context;

  DataTransfer(UpgradeContext context) {
    this.context = context;
  }

  /** How each volume gets its data; planned on the first call in this process. */
  public List<VolumeTransfer> transfers(UpgradeRun run) {
    List<VolumeTransfer> known = run.transfers;
    if (known != null) {
      return known;
    }
    Map<String, String> labels = context.names().helperLabels(run.id(), ResourceNames.LOOK);
    DataOptions options = DataOptions.ofRun(context, run.id());
    DataPlanner planner = context.planner();
    List<VolumeTransfer> transfers =
        run.adopts()
            ? planner.planAdoption(run.original(), labels)
            : run.provesSnapshot()
                ? planner.planProof(run.blue, run.previous(), labels)
                : run.restoresSnapshot()
                    ? planner.planRestore(run.blue, run.previous(), options, labels)
                    : run.blue == null
                        ? planner.planFirstUp()
                        : run.moves()
                            ? planner.planMove(run.blue(), labels)
                            : run.makesSnapshot()
                                ? planner.planSnapshot(run.blue(), labels)
                                : run.previous == null
                                    ? planner.planUpgrade(run.blue(), options, labels)
                                    : planner.planCarry(run.blue(), run.previous, options, labels);
    run.transfers = transfers;
    return transfers;
  }

  /** Size of blue's data, as this process has planned by it; not known after a restart. */
  public long measuredBytes(UpgradeRun run) {
    List<VolumeTransfer> known = run.transfers;
    return known == null
        ? SnapshotRecord.UNKNOWN
        : known.stream()
            .flatMap(transfer -> Stream.ofNullable(transfer.usage()))
            .mapToLong(VolumeUsage::used)
            .sum();
  }

  /** The volumes of the candidate that gets this generation number. */
  public List<DataVolume> targetVolumes(UpgradeRun run, int generation) {
    return transfers(run).stream()
        .map(transfer -> transfer.target(context.names().volume(generation, transfer.name())))
        .toList();
  }

  /** The copy to a volume, begun on the first call and continued pass by pass. */
  public Copying copying(UpgradeRun run, DataVolume target) {
    return run.copies.computeIfAbsent(
        target.name(), name -> context.copier().begin(job(run, target)));
  }

  private CopyJob job(UpgradeRun run, DataVolume target) {
    CopySource source =
        run.adopts()
            ? context.planner().hostData(run.original(), target.name())
            : DataPlanner.findVolume(
                    run.restoresSnapshot() || run.provesSnapshot() ? run.previous() : run.blue(),
                    target.name())
                .orElseThrow(
                    () -> new IllegalStateException("nothing to copy to " + target.volume()));
    return new CopyJob(
        source,
        target,
        context.names().helperLabels(run.id(), ResourceNames.COPY),
        context.limits().preSync().plus(context.limits().hold()).plus(HELPER_SLACK),
        !run.provesSnapshot() && !makesSnapshotForExport(run));
  }

  private boolean makesSnapshotForExport(UpgradeRun run) {
    return run.makesSnapshot()
        && SnapshotOptions.ofRun(context, run.id()).reason() == Reason.FOR_EXPORT;
  }

  /** Whether the content of every file is compared, rather than of a sample. */
  public boolean comparesAll(UpgradeRun run) {
    return context.dataSettings().full() || DataOptions.ofRun(context, run.id()).full();
  }

  /** Records a pass of a copy in the receipt. */
  public void recordPass(UpgradeRun run, String pass, DataVolume target, CopyReport report) {
    context
        .log()
        .receipt(run.id())
        .copy(
            new Receipt.CopyPass(
                target.main() ? pass : pass + " " + target.name(),
                report.files(),
                report.bytes(),
                report.took().toMillis()));
  }

  /** Removes the run's helper containers and their volumes, also those of an earlier process. */
  public void removeHelpers(UpgradeRun run) {
    run.endCopies();
    removeHelpers(run.id());
  }

  /** The same of a run whose copies have ended with it. */
  void removeHelpers(String run) {
    ResourceNames names = context.names();
    for (ContainerInfo helper : context.engine().containers(names.runLabels(run))) {
      String role = helper.labels().getOrDefault(Labels.ROLE, "");
      if (!role.equals("capsule") && !role.equals(PortRedirect.ROLE)) {
        context.engine().removeContainer(helper.name());
      }
    }
    for (VolumeInfo volume :
        context.engine().volumes(names.helperLabels(run, ResourceNames.COPY))) {
      context.engine().removeVolume(volume.name());
    }
  }

  /** Prefixes a line with the volume's name, unless it is the main volume. */
  public static String prefixed(DataVolume volume, String line) {
    return volume.main() ? line : volume.name() + ": " + line;
  }

  /** The volumes whose files are copied or reflinked. */
  public static List<DataVolume> copiedVolumes(Generation green) {
    return green.volumes().stream()
        .filter(volume -> volume.method() == Method.COPY || volume.method() == Method.REFLINK)
        .toList();
  }

  /** Whether any volume of a generation is an overlay over another's. */
  public static boolean isCloned(Generation generation) {
    return generation.volumes().stream().anyMatch(volume -> volume.method() == Method.OVERLAY);
  }

  /** Describes how the volumes got their data: {@code data cloned, media attached}. */
  public static String describeMethods(Generation green) {
    List<String> words = new ArrayList<>();
    for (DataVolume volume : green.volumes()) {
      words.add(
          volume.name()
              + switch (volume.method()) {
                case NEW -> " is new";
                case COPY -> " copied";
                case REFLINK, OVERLAY -> " cloned";
                case ATTACH -> " attached";
              });
    }
    return String.join(", ", words);
  }
}
