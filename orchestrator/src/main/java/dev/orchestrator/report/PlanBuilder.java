package dev.orchestrator.report;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.DataPlanner;
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.FreezeGuard;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.VolumeTransfer;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Says what an upgrade would do, with what can be found out without doing any of it. */
public final class PlanBuilder {
  /** In place of a run's id, in the labels of helpers. */
  private static final String NO_RUN = "plan";

  private final UpgradeContext context;
  private final DataPlanner planner;
  private final DataSettings data;

  public PlanBuilder(UpgradeContext context) {
    this.context = context;
    this.planner = context.planner();
    this.data = context.settings().stack().data();
  }

  public Plan upgrade(String version, DataOptions options) {
    List<String> warnings = new ArrayList<>(context.builder().check(version));
    Optional<Generation> serving = context.journal().serving();
    if (serving.isEmpty()) {
      return plan(Kind.UP, "", version, UpgradePlans.FIRST_UP, planner.begin(), warnings);
    }
    Generation blue = serving.get();
    if (context.journal().down()) {
      warnings.add("the stack is down: what becomes of its data is found out when it is up");
      return plan(Kind.UPGRADE, blue.version(), version, UpgradePlans.UPGRADE, List.of(), warnings);
    }
    checkFreeze(blue, version, warnings);
    List<VolumeTransfer> transfers =
        planner.upgrade(blue, options, context.names().helper(NO_RUN, ResourceNames.LOOK));
    String _ = planner.requireSpace(transfers);
    transfers.forEach(move ->
        move.warnings().forEach(line -> warnings.add("volume " + move.name() + ": " + line)));
    warnings.addAll(probesNotAsked(blue));
    warnings.addAll(outside(blue));
    return plan(Kind.UPGRADE, blue.version(), version, UpgradePlans.UPGRADE, transfers, warnings);
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
              + " looked at in the upgrade, before anything waits");
    }
  }

  private List<String> probesNotAsked(Generation blue) {
    try {
      return context.probesNotAsked(blue);
    } catch (CapsuleException | EngineException e) {
      return List.of("which probes are asked could not be found out: " + FailureText.of(e));
    }
  }

  private List<String> outside(Generation blue) {
    try {
      return new OutsideState(context).warnings(blue);
    } catch (CapsuleException | EngineException e) {
      return List.of("state outside volumes could not be looked for: " + FailureText.of(e));
    }
  }

  private Plan plan(
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
        steps.stream().map(step -> new Plan.Step(step.id(), step.does(), step.undoneBy())).toList(),
        transfers.stream().map(PlanBuilder::volume).toList(),
        kind == Kind.UP ? "" : quiesce(),
        warnings);
  }

  private static Plan.Volume volume(VolumeTransfer move) {
    VolumeUsage measure = move.measure();
    return new Plan.Volume(
        move.name(),
        move.method().name().toLowerCase(Locale.ROOT),
        move.why(),
        measure == null ? 0 : measure.used(),
        move.needs(),
        measure == null ? 0 : measure.free(),
        measure == null ? "" : measure.fileSystem());
  }

  private String quiesce() {
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
