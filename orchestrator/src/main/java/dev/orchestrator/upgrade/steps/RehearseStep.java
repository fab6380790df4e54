package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.journal.ReversalRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.Rehearsal;
import dev.orchestrator.upgrade.Rehearsal.Prepared;
import dev.orchestrator.upgrade.RehearsalOptions;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.VolumeTransfer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Starts the version on a copy of the data, out of reach, and checks it, before one client waits:
 * what is wrong with it is found out here. All that is made for it is thrown away.
 */
final class RehearseStep extends Step {
  RehearseStep() {
    super(
        "rehearse",
        "starts the version on a copy of today's data, out of reach, and checks it",
        "what was made for it is removed");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.GO_ON;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  /** Writes down by itself whether the version is bad. */
  @Override
  public boolean isFaultOfCandidate(Throwable failure) {
    return false;
  }

  /** Requires the space where nothing is upgraded without a rehearsal, and else tells it. */
  @Override
  public String check(UpgradeRun run, UpgradeContext context) {
    boolean upgrades = run.record.kind() == Kind.UPGRADE;
    if (upgrades && context.rehearsal().recent(run.blue(), run.record.toVersion()).isPresent()) {
      return ""; // As a rule it is not repeated.
    }
    try {
      context.rehearsal().limits().requireMemory(run.blue());
      List<VolumeTransfer> all = new ArrayList<>(context.rehearsal().plan(run.blue(), run.id()));
      if (upgrades) {
        all.addAll(context.transfer().transfers(run));
      }
      return "with a rehearsal: " + context.planner().requireSpace(all);
    } catch (RefusedException e) {
      if (isRequired(run, context)) {
        throw e;
      }
      return "no rehearsal: " + e.getMessage();
    }
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Rehearsal rehearsal = context.rehearsal();
    rehearsal.remove(run); // What a process that was killed has left.
    CapsuleImage image = run.image;
    if (image == null) {
      throw new IllegalStateException("rehearse before build");
    }
    if (run.record.kind() == Kind.UPGRADE) {
      Optional<RehearsalRecord> known =
          rehearsal.valid(run.blue(), image.version(), image.content());
      if (known.isPresent()) {
        context
            .reversals()
            .requireAccepted(run.blue(), image.version(), DataOptions.ofRun(context, run.id()));
        return note(
            run,
            context,
            "not rehearsed again, as %s in %s (rehearse.valid)"
                .formatted(Rehearsal.describe(known.get()), known.get().run()));
      }
    }
    Prepared prepared;
    try {
      context.reversals().askBefore(run);
      prepared = rehearsal.prepare(run, image, progress);
    } catch (RefusedException
        | EngineException
        | DataException
        | CapsuleException
        | HealthException e) {
      if (isRequired(run, context) || rehearsal.isEnding(run)) {
        throw e;
      }
      rehearsal.remove(run);
      return note(
          run,
          context,
          "no rehearsal could be made, and the upgrade goes on without (upgrade.rehearse = on): "
              + FailureText.of(e));
    }
    List<String> differences =
        isRequired(run, context)
            ? List.of()
            : rehearsal.limits().differences(run.blue(), image.reference());
    RehearsalRecord found;
    try {
      found =
          rehearsal.check(
              run,
              prepared,
              candidate -> StartStep.answerForFiles(run, context, candidate),
              differences,
              progress);
    } catch (Rehearsal.InconclusiveException e) {
      String logs = context.failureLogs().save(run.id(), prepared.generation());
      rehearsal.remove(run);
      PreSyncStep.catchUp(run, context, progress);
      return note(
          run,
          context,
          "the rehearsal failed, which proves nothing, and the upgrade goes on (upgrade.rehearse = on): %s; %s%s"
              .formatted(e.getMessage(), String.join("; ", differences), logs));
    }
    Optional<ReversalRecord> back =
        context.reversals().tryOut(run, prepared.generation(), progress);
    context.isolated().remove(prepared.generation());
    if (run.record.kind() == Kind.UPGRADE && back.isPresent()) {
      context.reversals().requireAccepted(back.get(), DataOptions.ofRun(context, run.id()));
    }
    rehearsal
        .limits()
        .describe(run.blue(), image.reference())
        .forEach(line -> note(run, context, line));
    if (run.record.kind() == Kind.UPGRADE) {
      rehearsal.requireBudget(found);
      PreSyncStep.catchUp(run, context, progress);
    }
    String prediction = rehearsal.describePrediction(found);
    if (!prediction.isEmpty()) {
      note(run, context, prediction);
    }
    return note(run, context, "rehearsed: " + Rehearsal.describe(found));
  }

  private static String note(UpgradeRun run, UpgradeContext context, String line) {
    context.log().receipt(run.id()).note(line);
    return line;
  }

  /** A rehearsal alone has no purpose without one. */
  private static boolean isRequired(UpgradeRun run, UpgradeContext context) {
    return run.record.kind() != Kind.UPGRADE
        || RehearsalOptions.ofRun(context, run.id()).isRequired();
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    // A copy that still runs would keep the volumes from being removed.
    context.transfer().removeHelpers(run);
    return context.rehearsal().undo(run);
  }
}
