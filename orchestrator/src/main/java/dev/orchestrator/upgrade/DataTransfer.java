package dev.orchestrator.upgrade;

import dev.orchestrator.data.CopyJob;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.DataCopier.Copying;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** How the data of blue gets to the candidate of a run: what the steps of it share. */
public final class DataTransfer {
  /** A helper outlives the time that its copy may take by this, and ends by itself then. */
  private static final Duration HELPER_SLACK = Duration.ofMinutes(5);

  private final UpgradeContext context;

  DataTransfer(UpgradeContext context) {
    this.context = context;
  }

  /** How each volume gets its data. Found out once a run; a restart may have come in between. */
  public List<VolumeTransfer> transfers(UpgradeRun run) {
    List<VolumeTransfer> known = run.transfers;
    if (known != null) {
      return known;
    }
    Map<String, String> labels = context.names().helperLabels(run.id(), ResourceNames.LOOK);
    DataOptions options = DataOptions.ofRun(context, run.id());
    DataPlanner planner = context.planner();
    List<VolumeTransfer> transfers =
        run.blue == null
            ? planner.planFirstUp()
            : run.previous == null
                ? planner.planUpgrade(run.blue(), options, labels)
                : planner.planCarry(run.blue(), run.previous, options, labels);
    run.transfers = transfers;
    return transfers;
  }

  /** The volumes that the candidate gets, which has this generation's number. */
  public List<DataVolume> targetVolumes(UpgradeRun run, int generation) {
    return transfers(run).stream()
        .map(transfer -> transfer.target(context.names().volume(generation, transfer.name())))
        .toList();
  }

  /** The copy to a volume, which goes on from pass to pass. */
  public Copying copying(UpgradeRun run, DataVolume target) {
    return run.copies.computeIfAbsent(
        target.name(), name -> context.copier().begin(job(run, target)));
  }

  private CopyJob job(UpgradeRun run, DataVolume target) {
    DataVolume source =
        DataPlanner.findVolume(run.blue(), target.name())
            .orElseThrow(() -> new IllegalStateException("nothing to copy to " + target.volume()));
    return new CopyJob(
        source,
        target,
        context.names().helperLabels(run.id(), ResourceNames.COPY),
        context.limits().preSync().plus(context.limits().hold()).plus(HELPER_SLACK));
  }

  /** Whether the content of every file is compared, and not only a sample. */
  public boolean comparesAll(UpgradeRun run) {
    return context.dataSettings().full() || DataOptions.ofRun(context, run.id()).full();
  }

  /** Puts a pass of a copy into the receipt. */
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

  /** Removes what was made on the engine to copy or to look at data, also by an earlier process. */
  public void removeHelpers(UpgradeRun run) {
    run.endCopies();
    ResourceNames names = context.names();
    for (ContainerInfo helper : context.engine().containers(names.runLabels(run.id()))) {
      if (!helper.labels().getOrDefault(Labels.ROLE, "").equals("capsule")) {
        context.engine().removeContainer(helper.name());
      }
    }
    for (VolumeInfo volume :
        context.engine().volumes(names.helperLabels(run.id(), ResourceNames.COPY))) {
      context.engine().removeVolume(volume.name());
    }
  }

  /** A line that names its volume, unless it is the main one. */
  public static String prefixed(DataVolume volume, String line) {
    return volume.main() ? line : volume.name() + ": " + line;
  }

  /** The volumes whose files are copied, or shared block by block. */
  public static List<DataVolume> copiedVolumes(Generation green) {
    return green.volumes().stream()
        .filter(volume -> volume.method() == Method.COPY || volume.method() == Method.REFLINK)
        .toList();
  }

  /** Whether any of its volumes is a layer over another's. */
  public static boolean isCloned(Generation generation) {
    return generation.volumes().stream().anyMatch(volume -> volume.method() == Method.OVERLAY);
  }

  /** {@code data cloned, media attached}. */
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
