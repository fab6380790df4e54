package dev.orchestrator.drill;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ServiceLocation;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.report.Plan;
import dev.orchestrator.report.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A rehearsal of one upgrade on this host, with a copy of the data, while the stack serves: an
 * upgrade and a rollback without a fault, then an upgrade for each step in which the service is
 * killed. Calls block; confined to one thread.
 */
public final class Drill {
  /** The service goes through the data for a plan, which takes minutes. */
  private static final Duration PLAN_DEADLINE = Duration.ofMinutes(20);

  private final Program program;
  private final Generation serving;
  private final Plan plan;

  /**
   * The program that a drill starts its service with.
   *
   * @param location the service that the stack runs under
   * @param environment variables that settings are read with
   * @param mainClass main class of the program
   */
  public record Program(
      ServiceLocation location, Map<String, String> environment, String mainClass) {}

  /** Is told of a drill as it goes on, on the thread that runs it. */
  public interface Listener {
    /** A line of the copy's progress. */
    void copying(String line);

    /** The data is copied: so many files and bytes, in so many milliseconds. */
    void copied(long files, long bytes, long millis);

    /** A part has ended. */
    void ended(DrillResult result);
  }

  private Drill(Program program, Generation serving, Plan plan) {
    this.program = program;
    this.serving = serving;
    this.plan = plan;
  }

  /**
   * Asks the service what the upgrade would do. Nothing is made yet.
   *
   * @throws RefusedException when a run is under way, or the version serves already
   * @throws CommandException when the service refuses or does not answer
   */
  public static Drill of(Program program, String version) {
    ApiClient api = new ApiClient(program.location());
    Status status = Json.read(api.get("/v1/status"), Status.class);
    if (status.running() != null) {
      throw new RefusedException(
          "%s is under way: wait for its end ('orchestrator watch')"
              .formatted(status.running().id()));
    }
    Generation serving = Json.read(api.get("/v1/serving"), Generation.class);
    if (serving.version().equals(version)) {
      throw new RefusedException(version + " is the version that serves: nothing to rehearse");
    }
    String path = "/v1/plan?" + ApiClient.parameter("version", version);
    return new Drill(program, serving, Json.read(api.get(path, PLAN_DEADLINE), Plan.class));
  }

  /** The upgrade that is rehearsed. */
  public Plan plan() {
    return plan;
  }

  /** The log of the drill's service, which is kept until the next drill. */
  public Path log() {
    return DrillSandbox.log(new HomeFiles(program.location().home()));
  }

  /**
   * Runs the drill, and removes everything that it made, also at Ctrl-C.
   *
   * @param steps names of the steps in which the service is killed
   * @return a result for each part; without a whole upgrade and back, nothing was killed
   * @throws RefusedException when another drill is under way, the engine does not answer, or there
   *     is not enough space
   */
  public List<DrillResult> run(List<String> steps, Listener listener)
      throws IOException, InterruptedException {
    try (DrillSandbox sandbox = DrillSandbox.open(program, plan.stack())) {
      long start = System.nanoTime();
      StackReplica.Copied copied = sandbox.copy(serving, plan, listener::copying);
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      listener.copied(copied.files(), copied.bytes(), millis);
      return runParts(sandbox, steps, listener);
    } catch (EngineException | DataException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  private List<DrillResult> runParts(DrillSandbox sandbox, List<String> steps, Listener listener)
      throws IOException, InterruptedException {
    DrillRuns runs = sandbox.runs(serving.version(), plan.to());
    List<DrillResult> results = new ArrayList<>();
    boolean withoutFault =
        passes(sandbox, "up on the copy", runs::up, results, listener)
            && passes(sandbox, "upgrade", runs::upgrade, results, listener)
            && passes(sandbox, "rollback", runs::rollback, results, listener);
    if (withoutFault) {
      for (String step : steps) {
        String name = "killed in " + step;
        boolean _ = passes(sandbox, name, () -> runs.killedIn(step), results, listener);
      }
    }
    return results;
  }

  private interface Part {
    DrillResult run() throws IOException, InterruptedException;
  }

  /** Runs a part; a failure that the part can't go on from is its result. */
  private static boolean passes(
      DrillSandbox sandbox, String name, Part part, List<DrillResult> results, Listener listener)
      throws IOException, InterruptedException {
    DrillResult result;
    try {
      result = part.run();
    } catch (DrillException | CommandException | RefusedException e) {
      sandbox.stopHereWhenInterrupted();
      result = DrillResult.failed(name, String.valueOf(e.getMessage()));
    }
    results.add(result);
    listener.ended(result);
    return result.passed();
  }
}
