package dev.orchestrator.upgrade.steps;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.LostHost;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Checks everything that can be checked before anything changes: the engine, the health of the
 * version that serves, and each step's own conditions.
 */
final class PreflightStep extends Step {
  PreflightStep() {
    super(
        "preflight",
        "checks the engine, the version, the disk, the ports and that what serves is healthy",
        "nothing to undo");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.GO_ON;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.REFUSE;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    if (run.blue != null) {
      context.ownerClaim().acquire(run.blue);
    }
    EngineInfo engine = context.engine().info();
    List<String> findings = new ArrayList<>();
    findings.add("engine " + engine.version() + " at " + engine.address());
    if (run.original != null) {
      findings.add(requireOriginal(run, context));
    } else if (run.bringsUp()) {
      // Nothing serves: the routes open now, so that a port in use is found before the build.
      if (context.journal().serving().isPresent()) {
        context.resolveServingRoutes();
      } else {
        context.resolveRoutes(run.record.toVersion());
      }
      context.traffic().open(UpgradeContext.GATE_SLACK);
      if (LostHost.isRollback(run.record)) {
        // They would be led to a host that does not answer.
        context.traffic().hold(UpgradeContext.GATE_SLACK);
        findings.add(
            context.lostHost().of(run.record).map(context.lostHost()::describe).orElse(""));
      }
    } else if (run.holdsClients()) {
      requireOpenRoutes(context);
    }
    String purpose = purpose(run);
    if (!purpose.isEmpty()) {
      findings.add(requireHealthy(run.blue(), purpose, context));
    }
    if (run.record.kind() == Kind.UPGRADE) {
      context
          .reversals()
          .requireAccepted(
              run.blue(), run.record.toVersion(), DataOptions.ofRun(context, run.id()));
      String backup = context.backupRequirement().require();
      if (!backup.isEmpty()) {
        findings.add(backup);
      }
    }
    String figures = context.invariants().require(run);
    if (!figures.isEmpty()) {
      findings.add(figures);
    }
    for (Step step : run.steps) {
      String line = step.check(run, context);
      if (!line.isEmpty()) {
        findings.add(line);
      }
    }
    return String.join("; ", findings);
  }

  /** What the run wants a healthy blue for; empty where it needs none. */
  private static String purpose(UpgradeRun run) {
    return switch (run.record.kind()) {
      case UPGRADE -> "upgrade";
      case MOVE -> "move";
      case SNAPSHOT -> "make a snapshot";
      case REHEARSE -> "rehearse";
      case UP, ROLLBACK, ADOPT, RESTORE, PROVE -> "";
    };
  }

  /**
   * Requires the project to be as it was read. Before an adoption its ports are still its own; that
   * nothing else will keep the routes from opening there is found out now.
   */
  private static String requireOriginal(UpgradeRun run, UpgradeContext context) {
    context.originals().require(run.original(), run.adopts());
    String line = "project " + run.original().project() + " is as it was read";
    if (!run.adopts()) {
      if (run.holdsClients()) {
        requireOpenRoutes(context);
      }
      return line;
    }
    context.resolveRoutes(run.record.toVersion());
    Map<String, String> unavailable =
        context.traffic().findUnavailable(context.originals().publishedRoutes(run.original()));
    if (!unavailable.isEmpty()) {
      throw new RefusedException(String.join("; ", unavailable.values()));
    }
    return line;
  }

  private static void requireOpenRoutes(UpgradeContext context) {
    String why = context.traffic().openFailure();
    if (!why.isEmpty()) {
      throw new RefusedException("the routes are not open, and clients are refused: " + why);
    }
  }

  /**
   * Requires a healthy blue for an upgrade: from an unhealthy version an upgrade could not tell
   * whose fault a failure is. For a snapshot too: it is to be one that can be gone back to. A
   * rollback and a restore have no such check, as they are the way out of an unhealthy version.
   */
  private static String requireHealthy(Generation blue, String purpose, UpgradeContext context) {
    List<String> problems = context.checkHealth(blue);
    if (!problems.isEmpty()) {
      throw new RefusedException(
          "the version that serves is not healthy ("
              + String.join("; ", problems)
              + "): see 'orchestrator logs', mend it, then "
              + purpose);
    }
    return blue.version() + " healthy";
  }

  /** Closes the routes if nothing serves, which releases their ports. */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    if (run.original != null) {
      context.ports().end();
      return "";
    }
    if (run.blue != null) {
      context.ownerClaim().release(run.blue);
    }
    if (!run.bringsUp() || LostHost.isRollback(run.record)) {
      return "";
    }
    context.traffic().stopListening();
    return "the routes are closed";
  }
}
