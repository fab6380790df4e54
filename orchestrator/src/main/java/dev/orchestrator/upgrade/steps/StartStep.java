package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.FilesReport;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.settings.VolumeSettings;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.FilePlan;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/** Starts green's services: from here on it may write to its data. */
final class StartStep extends Step {
  /**
   * Time that a container gets to stop when its services could not be stopped; then it is killed.
   */
  private static final Duration GRACE = Duration.ofSeconds(10);

  StartStep() {
    super("start", "starts green's services", "green's services are stopped");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.UNDO;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  @Override
  public boolean runsCandidate() {
    return true;
  }

  @Override
  public boolean undoesCandidateAlone() {
    return true;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Capsule capsule = context.capsule(run.green());
    boolean updatesFiles = answerForFiles(run, context, run.green());
    context.startServices(run.green(), run.budget(context.limits().verify().deadline()), progress);
    if (run.holdsClients()) {
      context.hooks().runAfter(run, capsule);
    }
    context.traffic().preview(context.backend(run.green()));
    return run.green().version() + "'s services started" + filesResult(run, context, updatesFiles);
  }

  /**
   * Finds out what becomes of the release's files in the data, and refuses where the settings want
   * an answer. Not for a rollback, which goes by the same rule in the capsule.
   */
  @Override
  public String check(UpgradeRun run, UpgradeContext context) {
    if (!changesRelease(run)) {
      return "";
    }
    return planFiles(run, context);
  }

  private static boolean changesRelease(UpgradeRun run) {
    return run.blue != null
        && (run.record.kind() == Kind.UPGRADE || run.record.kind() == Kind.REHEARSE);
  }

  private static String planFiles(UpgradeRun run, UpgradeContext context) {
    FilePlan plan =
        context
            .files()
            .plan(run.blue(), run.record.toVersion(), DataOptions.ofRun(context, run.id()));
    run.files = plan;
    return plan.summary();
  }

  /**
   * Tells green what it can't know by itself: the user's answer for changed files, and what earlier
   * releases had where the data has no record of it. All else the start does.
   *
   * @return false when green was built before a capsule could update the release's files
   */
  static boolean answerForFiles(UpgradeRun run, UpgradeContext context, Generation candidate) {
    if (!changesRelease(run)) {
      return true;
    }
    DataOptions options = DataOptions.ofRun(context, run.id());
    FilePlan plan = run.files;
    if (plan == null) {
      // The service was restarted since the preflight.
      plan = context.files().plan(run.blue(), run.record.toVersion(), options);
    }
    if (options.files() == null && plan.known().isEmpty()) {
      return true;
    }
    Capsule capsule = context.capsule(candidate);
    capsule.lease(candidate.number(), run.budget(context.limits().ready()));
    return capsule.applyFiles(
        options.files(), plan.known(), run.budget(context.limits().verify().deadline()));
  }

  /** Notes in the receipt what the start has made of the release's files in the data. */
  private static String filesResult(UpgradeRun run, UpgradeContext context, boolean updatesFiles) {
    boolean isKnown = run.files != null && run.files.isEmpty();
    if (isKnown && DataOptions.ofRun(context, run.id()).files() == null) {
      return ""; // Clients are waiting: nothing is asked that is known.
    }
    if (!updatesFiles) {
      return "; its image was built before files of the release were updated: build it again";
    }
    FilesReport report;
    try {
      report = context.capsule(run.green()).filesReport(run.budget(context.briefTimeout()));
    } catch (CapsuleException e) {
      return "; what became of the release's files is not known: " + e.getMessage();
    }
    report.kept().forEach(file -> context.log().receipt(run.id()).note(FilePlan.describe(file)));
    report
        .aside()
        .forEach(path ->
            context
                .log()
                .receipt(run.id())
                .note(
                    "%s was changed; it is set aside as %s.orchestrator-old"
                        .formatted(path, path)));
    String summary = FilePlan.summary(report);
    return summary.isEmpty() ? "" : "; " + summary;
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return stopServices(run, context);
  }

  /**
   * Stops green's services, or green's container where the services can't be stopped. Where green's
   * data is thrown away anyway, its container is killed: clients wait, and a stop in order may take
   * as long as the services' grace times.
   */
  static String stopServices(UpgradeRun run, UpgradeContext context) {
    Generation green = run.green();
    Optional<ContainerInfo> container = context.engine().container(green.container());
    if (container.isEmpty() || !container.get().running()) {
      return "";
    }
    if (isThrownAway(run, context)) {
      String _ = context.failureLogs().saveBriefly(run.id(), green);
      context.engine().killContainer(green.container());
      return green.container() + " killed, as its data is not needed";
    }
    try {
      context.capsule(green).stop(UpgradeContext.STOP_TIMEOUT);
    } catch (CapsuleException e) {
      // The inner engine may hang. Nothing of green may run when blue does, so stop the container.
      context.engine().stopContainer(green.container(), GRACE);
      return green.container() + " stopped, as it could not be told to stop its services";
    }
    return green.version() + "'s services stopped";
  }

  /**
   * Whether nobody will read what green has written: this run has made green while another version
   * served, no client was led to it, and it has nothing writable in common with others.
   */
  private static boolean isThrownAway(UpgradeRun run, UpgradeContext context) {
    return run.holdsClients()
        && run.steps.stream().anyMatch(PrepareStep.class::isInstance)
        && !context.hasServed(run)
        && run.green().volumes().stream().noneMatch(volume -> isWrittenByOthers(volume, context))
        && context.builder().grants(run.green().image()).paths().stream()
            .allMatch(HostGrants.Path::readOnly);
  }

  /** Whether a volume is the original, whose files may change. */
  private static boolean isWrittenByOthers(DataVolume volume, UpgradeContext context) {
    return volume.method() == Method.ATTACH
        && context.dataSettings().volumes().stream()
            .filter(settings -> settings.name().equals(volume.name()))
            .noneMatch(VolumeSettings::immutable);
  }
}
