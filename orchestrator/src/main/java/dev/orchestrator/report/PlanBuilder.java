package dev.orchestrator.report;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.VersionCheck;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.DataPlanner;
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.FilePlan;
import dev.orchestrator.upgrade.FreezeGuard;
import dev.orchestrator.upgrade.Rehearsal;
import dev.orchestrator.upgrade.RehearsalOptions;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.ServiceNames;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UnusedData;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.VolumeTransfer;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Builds the plan of an upgrade from what can be found out beforehand. Reads only; blocks. */
public final class PlanBuilder {
  /** In place of a run's id in the labels of helper containers. */
  private static final String NO_RUN = "plan";

  private final UpgradeContext context;
  private final DataPlanner planner;
  private final DataSettings data;

  public PlanBuilder(UpgradeContext context) {
    this.context = context;
    this.planner = context.planner();
    this.data = context.settings().stack().data();
  }

  /**
   * Builds the plan of an upgrade, or of the first {@code up} where nothing serves.
   *
   * @param rehearsal whether it rehearses, not as configured
   * @throws dev.orchestrator.common.RefusedException when the upgrade would be refused
   */
  public Plan build(String version, DataOptions options, RehearsalOptions rehearsal) {
    VersionCheck check = context.builder().check(version);
    List<String> warnings = new ArrayList<>(check.warnings());
    Optional<Generation> serving = context.journal().serving();
    if (serving.isEmpty()) {
      warnings.addAll(imports(null, check));
      return plan(Kind.UP, "", version, UpgradePlans.FIRST_UP, planner.planFirstUp(), warnings);
    }
    Generation blue = serving.get();
    List<Step> steps = UpgradePlans.upgrade(rehearsal.rehearses());
    if (context.journal().down()) {
      warnings.add("the stack is down: how its data is transferred is found out when it is up");
      return plan(Kind.UPGRADE, blue.version(), version, steps, List.of(), warnings);
    }
    ServiceNames.require(context, blue, check, version);
    checkFreeze(blue, version, warnings);
    List<VolumeTransfer> transfers =
        planner.planUpgrade(
            blue, options, context.names().helperLabels(NO_RUN, ResourceNames.LOOK));
    String _ = planner.requireSpace(transfers);
    transfers.forEach(transfer ->
        transfer
            .warnings()
            .forEach(line -> warnings.add("volume " + transfer.name() + ": " + line)));
    context.reversals().requireAccepted(blue, version, options);
    FilePlan files = context.files().plan(blue, version, options);
    warnings.addAll(unusedData(blue, version, check, options));
    warnings.addAll(imports(blue, check));
    warnings.addAll(probesNotAsked(blue));
    warnings.addAll(describeOutsideState(blue));
    files.kept().forEach(file -> warnings.add(FilePlan.describe(file)));
    List<String> secrets = SecretProposals.of(context.settings().stack(), version);
    if (!secrets.isEmpty()) {
      warnings.add(
          "not declared as secrets: %s; %s"
              .formatted(
                  String.join(", ", secrets),
                  SecretProposals.advice(context.settings().stack(), secrets)));
    }
    if (rehearsal.rehearses()) {
      warnings.addAll(rehearsal(blue, version, transfers, rehearsal));
    }
    Plan plan = plan(Kind.UPGRADE, blue.version(), version, steps, transfers, warnings);
    return plan.withFiles(files.summary())
        .withInvariants(context.invariants().describe(blue))
        .withReversal(context.reversals().known(blue, version).orElse(null))
        .withPaths(RoutePaths.describe(context.traffic().routes()));
  }

  /** What keeps the upgrade from rehearsing, or need not be repeated. */
  private List<String> rehearsal(
      Generation blue, String version, List<VolumeTransfer> transfers, RehearsalOptions options) {
    Optional<RehearsalRecord> known = context.rehearsal().recent(blue, version);
    if (known.isPresent()) {
      List<String> lines = new ArrayList<>();
      lines.add(
          "not rehearsed again unless %s has changed since: %s"
              .formatted(version, Rehearsal.describe(known.get())));
      String prediction = context.rehearsal().describePrediction(known.get());
      if (!prediction.isEmpty()) {
        lines.add(prediction);
      }
      return lines;
    }
    List<VolumeTransfer> all = new ArrayList<>(context.rehearsal().plan(blue, NO_RUN));
    all.addAll(transfers);
    try {
      context.rehearsal().limits().requireMemory(blue);
      String _ = planner.requireSpace(all);
      return List.of();
    } catch (RefusedException e) {
      if (options.isRequired()) {
        throw e;
      }
      return List.of(
          "no rehearsal can be made, and the upgrade goes on without (upgrade.rehearse = on): "
              + e.getMessage());
    }
  }

  private void checkFreeze(Generation blue, String version, List<String> warnings) {
    if (!data.freezes()) {
      return;
    }
    Optional<String> built = context.builder().built(version);
    Map<String, String> old = context.builder().databases(blue.image());
    if (built.isPresent()) {
      FreezeGuard.check(data, old, context.builder().databases(built.get()));
    } else if (!old.isEmpty()) {
      warnings.add(
          version
              + " isn't built yet: whether a database that is frozen changes its release series is"
              + " checked in the upgrade, before clients wait");
    }
  }

  private List<String> unusedData(
      Generation blue, String version, VersionCheck check, DataOptions options) {
    try {
      Map<String, Long> unused = context.unusedData().find(blue, check);
      if (unused.isEmpty()) {
        return List.of();
      }
      Set<String> missing = new TreeSet<>(unused.keySet());
      missing.removeAll(context.unusedData().accepted(options));
      return List.of(
          UnusedData.describe(blue, version, unused)
              + (missing.isEmpty()
                  ? ", as accepted"
                  : ", and the upgrade is refused: " + UnusedData.advice(missing)));
    } catch (CapsuleException | EngineException e) {
      return List.of("which data goes unused could not be found out: " + FailureText.of(e));
    }
  }

  private List<String> imports(@Nullable Generation blue, VersionCheck check) {
    String line =
        context
            .imports()
            .require(
                context.imports().pending(blue, check),
                context.names().helperLabels(NO_RUN, ResourceNames.LOOK));
    return line.isEmpty() ? List.of() : List.of(line);
  }

  private List<String> probesNotAsked(Generation blue) {
    try {
      return context.probesNotAsked(blue);
    } catch (CapsuleException | EngineException e) {
      return List.of("which probes apply could not be found out: " + FailureText.of(e));
    }
  }

  private List<String> describeOutsideState(Generation blue) {
    try {
      return new OutsideState(context).describe(blue);
    } catch (CapsuleException | EngineException e) {
      return List.of("state outside volumes could not be looked for: " + FailureText.of(e));
    }
  }

  Plan plan(
      Kind kind,
      String from,
      String to,
      List<Step> steps,
      List<VolumeTransfer> transfers,
      List<String> warnings) {
    return new Plan(
        kind,
        context.settings().stack().name(),
        from,
        to,
        steps.stream()
            .map(step -> new Plan.Step(step.id(), step.description(), step.undoDescription()))
            .toList(),
        transfers.stream().map(PlanBuilder::volumeOf).toList(),
        kind == Kind.UP ? "" : describeQuiesce(),
        warnings);
  }

  private static Plan.Volume volumeOf(VolumeTransfer transfer) {
    VolumeUsage usage = transfer.usage();
    return new Plan.Volume(
        transfer.name(),
        transfer.method().name().toLowerCase(Locale.ROOT),
        transfer.why(),
        usage == null ? 0 : usage.used(),
        transfer.bytesNeeded(),
        usage == null ? 0 : usage.free(),
        usage == null ? "" : usage.fileSystem(),
        transfer.lastPass().toMillis(),
        transfer.changing());
  }

  private String describeQuiesce() {
    List<String> others =
        data.services().entrySet().stream()
            .filter(service -> service.getValue() != data.quiesce())
            .map(service ->
                service.getKey()
                    + (service.getValue() == Quiesce.STOP ? " stops before" : " is frozen"))
            .sorted()
            .toList();
    String all =
        data.quiesce() == Quiesce.STOP
            ? "stop: services in order, each within its own grace time"
            : "freeze: the capsule is paused, and thawed within milliseconds where it fails";
    return all + (others.isEmpty() ? "" : "; " + String.join(", ", others));
  }
}
