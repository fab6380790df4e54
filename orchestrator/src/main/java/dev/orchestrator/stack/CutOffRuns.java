package dev.orchestrator.stack;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.adopt.OriginalJson;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.home.ExportClaim;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.PortRedirect;
import dev.orchestrator.upgrade.RehearsalOptions;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.SnapshotOptions;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cleans up after an earlier process of the service, from the journal: opens the routes to the
 * backend that the journal names, resumes or undoes a run that was cut off, as its steps say
 * ({@link Step#afterRestart}), and removes leftovers on the engine. Called by the {@link
 * Reconciler}'s thread.
 */
final class CutOffRuns {
  /** Names of what helped an earlier process. */
  private record Helpers(List<String> containers, List<String> volumes, String redirect) {}

  private static final Logger log = LoggerFactory.getLogger(CutOffRuns.class);
  private static final Duration GATE_DEADLINE = Duration.ofMinutes(10);

  /** Roles of volumes that only helper containers use. */
  private static final Set<String> HELPER_ROLES = Set.of(ResourceNames.COPY, ResourceNames.LOOK);

  private @Nullable Helpers helpers;
  private final UpgradeContext context;
  private final RunExecutor executor;

  /**
   * Id of the run that was under way when this process began; later runs are this process's own.
   */
  private final Optional<String> runFoundAtStart;

  CutOffRuns(UpgradeContext context, RunExecutor executor) {
    this.context = context;
    this.executor = executor;
    this.runFoundAtStart = context.journal().running().map(UpgradeRecord::id);
  }

  /** Opens the routes; connections wait if the capsule that serves does not run. */
  void openRoutes() {
    Optional<Generation> serving = context.journal().serving();
    if (serving.isEmpty() || context.journal().down()) {
      return;
    }
    context.traffic().open(GATE_DEADLINE);
    try {
      boolean runs =
          context
              .engine()
              .container(serving.get().container())
              .filter(ContainerInfo::running)
              .isPresent();
      if (runs && !mustStayHeld()) {
        Backend backend = context.backend(serving.get());
        context.traffic().switchTo(backend);
        boolean between = context.journal().running().isEmpty();
        if (between && context.traffic().mayLeadByKernel() && serving.get().elsewhere() == null) {
          context.traffic().leadByKernel(backend);
        }
      } else {
        // The kernel may have gone on leading while no process of this home was there.
        context.traffic().leadByProxy();
      }
    } catch (EngineException e) {
      log.warn("connections wait: {}", e.getMessage());
      // The kernel leads on where the last process has led it: nobody knows whether that is there.
      context.traffic().leadByProxy();
    }
  }

  /**
   * Whether clients must wait: a run was cut off after it had begun to hold them, and before its
   * switch or in its undo. Such an undo may leave the version that serves now, and with it whatever
   * clients would write to it.
   */
  private boolean mustStayHeld() {
    return context
        .journal()
        .running()
        .map(run -> holdsNow(run.id()) && (isUndoing(run) || !hasSwitched(run)))
        .orElse(false);
  }

  /**
   * A run that was cut off.
   *
   * @param remainingSteps the steps still to run; empty when the run is to be undone
   */
  record CutOff(UpgradeRun run, List<Step> remainingSteps) {
    boolean isUndone() {
      return remainingSteps.isEmpty();
    }
  }

  /** Whether the capsule that serves may be supervised before that run goes on or is undone. */
  boolean leavesServingAlone(CutOff cutOff) {
    return cutOff.isUndone() ? leavesServingAlone(cutOff.run()) : !cutOff.run().bringsUp();
  }

  /**
   * Whether a run that is being undone has nothing to do with the capsule that serves: it never
   * made its clients wait, or has released them to it.
   */
  boolean leavesServingAlone(UpgradeRun run) {
    return !run.bringsUp() && !holdsNow(run.id());
  }

  /** The run that an earlier process left unfinished. */
  Optional<CutOff> cutOff() {
    return context
        .journal()
        .running()
        .filter(run -> runFoundAtStart.filter(run.id()::equals).isPresent())
        .map(this::cutOff);
  }

  private CutOff cutOff(UpgradeRecord record) {
    boolean carriesData = DataOptions.ofRun(context, record.id()).carriesData();
    boolean rehearses = RehearsalOptions.ofRun(context, record.id()).rehearses();
    List<Step> steps = UpgradePlans.stepsOf(record, carriesData, rehearses);
    boolean holds = steps.stream().anyMatch(Step::holdsClients);
    Generation blue = holds || record.kind() == Kind.REHEARSE ? generation(record.from()) : null;
    Original original =
        context
            .journal()
            .attachment(record.id(), UpgradeRun.ORIGINAL_KEY)
            .map(OriginalJson::read)
            .orElse(null);
    UpgradeRun run = new UpgradeRun(record, steps, blue, generation(record.to()), original);
    run.switched = hasSwitched(record);
    if (steps.equals(UpgradePlans.CARRY)) {
      run.previous = context.journal().previous().orElse(null);
    } else if (run.restoresSnapshot() || run.provesSnapshot()) {
      run.previous = generation(SnapshotOptions.ofRun(context, run.id()).generation());
    }
    return new CutOff(run, remainingSteps(run));
  }

  /**
   * Resumes or undoes the run, on this thread, to its end.
   *
   * @throws RefusedException when the run has a step that this version of the program does not know
   */
  void finish(CutOff cutOff) {
    requireKnownSteps(cutOff.run());
    if (cutOff.isUndone()) {
      log.info("{} was cut off: undoing", cutOff.run().id());
      executor.undoCutOff(cutOff.run(), "cut off by a restart of the service");
    } else {
      log.info(
          "{} was cut off: going on with {}",
          cutOff.run().id(),
          cutOff.remainingSteps().getFirst().id());
      executor.resumeCutOff(cutOff.run(), cutOff.remainingSteps());
    }
  }

  /** Refuses a run with steps of a newer version of this program, which this version can't undo. */
  private void requireKnownSteps(UpgradeRun run) {
    UpgradePlans.describeUnknownStep(run.id(), context.journal().steps(run.id()))
        .ifPresent(why -> {
          throw new RefusedException(why);
        });
  }

  private List<Step> remainingSteps(UpgradeRun run) {
    if (isUndoing(run.record)) {
      return List.of();
    }
    if (run.bringsUp() && !run.restoresSnapshot()) {
      // No other version serves: all steps run again and find what was done. A snapshot would be
      // copied again, over what clients have written since.
      return run.steps;
    }
    if (run.switched) {
      return run.steps.stream()
          .dropWhile(step -> step.afterRestart() != Step.AfterRestart.ASK_THE_JOURNAL)
          .skip(1)
          .toList();
    }
    boolean goesOn =
        context.journal().steps(run.id()).stream()
            .flatMap(line -> UpgradePlans.find(line.step()).stream())
            .allMatch(step -> step.afterRestart() == Step.AfterRestart.GO_ON);
    return goesOn ? run.steps : List.of();
  }

  private boolean hasSwitched(UpgradeRecord record) {
    Integer to = record.to();
    if (record.returnsToOriginal()) {
      return context.journal().switched(record.id()).isPresent()
          && context.journal().serving().isEmpty();
    }
    if (record.kind() == Kind.SNAPSHOT) {
      return to != null
          && context.journal().snapshots().stream()
              .anyMatch(snapshot -> snapshot.generation() == to);
    }
    if (record.kind() == Kind.PROVE) {
      return context.journal().snapshots().stream()
          .map(SnapshotRecord::lastProof)
          .anyMatch(proof -> proof != null && proof.good() && proof.run().equals(record.id()));
    }
    return to != null
        && context
            .journal()
            .switched(record.id())
            .filter(switched -> switched.generation() == to)
            .isPresent()
        && context.journal().serving().filter(now -> now.number() == to).isPresent();
  }

  private boolean isUndoing(UpgradeRecord record) {
    return context.journal().steps(record.id()).stream()
        .anyMatch(line -> line.phase() == Phase.UNDO);
  }

  /** Whether a step that makes clients wait has begun, and is not undone. */
  private boolean holdsNow(String run) {
    boolean holds = false;
    for (StepRecord line : context.journal().steps(run)) {
      if (UpgradePlans.find(line.step()).filter(Step::holdsClients).isPresent()) {
        switch (line.phase()) {
          case INTENT -> holds = true;
          case UNDONE -> holds = false;
          default -> {}
        }
      }
    }
    return holds;
  }

  private @Nullable Generation generation(@Nullable Integer number) {
    if (number == null) {
      return null;
    }
    return context.journal().generations().stream()
        .map(GenerationRecord::generation)
        .filter(generation -> generation.number() == number)
        .findFirst()
        .orElse(null);
  }

  /**
   * Notes which helpers an earlier process has left, unless that is known: later ones are of this
   * process, such as of a plan.
   */
  void findHelpers() {
    if (helpers != null) {
      return;
    }
    String redirect = PortRedirect.ROLE;
    List<ContainerInfo> containers = context.engine().containers(context.names().stackLabels());
    // A capsule that the journal does not know is left alone: it may hold somebody's data.
    helpers =
        new Helpers(
            containers.stream()
                .filter(each -> !role(each).equals("capsule") && !role(each).equals(redirect))
                .filter(each -> !isOfExport(each.labels()))
                .map(ContainerInfo::name)
                .toList(),
            context.engine().volumes(context.names().stackLabels()).stream()
                .filter(each -> HELPER_ROLES.contains(each.labels().getOrDefault(Labels.ROLE, "")))
                .filter(each -> !isOfExport(each.labels()))
                .map(VolumeInfo::name)
                .toList(),
            containers.stream()
                .filter(each -> role(each).equals(redirect))
                .map(ContainerInfo::name)
                .findFirst()
                .orElse(""));
  }

  /** Whether a command that exports works with it, which goes on beside a restart. */
  private boolean isOfExport(Map<String, String> labels) {
    return ExportClaim.isHeld(context.settings().home(), labels.getOrDefault(Labels.UPGRADE, ""));
  }

  private static String role(ContainerInfo container) {
    return container.labels().getOrDefault(Labels.ROLE, "");
  }

  /**
   * Removes helper containers of an earlier process, which may still write to a volume.
   *
   * @return what could not be removed, and why
   */
  List<String> removeHelpers() {
    findHelpers();
    Helpers found = Objects.requireNonNull(helpers);
    List<String> problems = new ArrayList<>();
    if (!found.redirect().isEmpty()) {
      log.info("removing {} and its rules, left by an earlier process", found.redirect());
      remove("container " + found.redirect(), problems, () -> context.redirect().removeLeftOver());
    }
    for (String container : found.containers()) {
      log.info("removing {}, left by an earlier process", container);
      remove("container " + container, problems, () -> context.engine().removeContainer(container));
    }
    for (String volume : found.volumes()) {
      remove("volume " + volume, problems, () -> context.engine().removeVolume(volume));
    }
    return problems;
  }

  /**
   * Removes the candidates of earlier runs on this host; the candidate of the run that was cut off
   * stays.
   *
   * @return what could not be removed, and why
   */
  List<String> removeCandidates(@Nullable Generation ofCutOff) {
    List<String> problems = new ArrayList<>();
    for (GenerationRecord row : context.journal().generations()) {
      Generation generation = row.generation();
      if (row.state() == State.CANDIDATE
          && !generation.equals(ofCutOff)
          && generation.elsewhere() == null) {
        remove(
            "candidate " + generation.container(),
            problems,
            () -> context.retention().remove(generation));
      }
    }
    return problems;
  }

  /**
   * Removes the candidates of earlier runs on other hosts, of this process's, too, and stops what
   * has come back with a host that was given up. Waits for hosts that don't answer.
   */
  void clearElsewhere() {
    context.sentCandidates().removeLeftBehind();
    context.lostHost().stopThoseThatCameBack();
  }

  private static void remove(String what, List<String> problems, Runnable removal) {
    try {
      removal.run();
    } catch (EngineException e) {
      problems.add(what + ": " + FailureText.of(e));
    }
  }
}
