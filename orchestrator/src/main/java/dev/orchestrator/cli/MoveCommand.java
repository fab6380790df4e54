package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.report.MovePlan;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code move --to ENGINE}, {@code move --done}. */
@Command(
    name = "move",
    description = {
      "Move the stack with its data to another host, while it serves.",
      "Image and data are sent to the Docker engine there while the stack serves here; the last"
          + " difference goes while clients wait. Then the routes of this host lead to that host. A"
          + " move that fails is undone, and the stack serves on here. 'orchestrator rollback'"
          + " brings it back later.",
      "The orchestrator there takes the stack over with 'orchestrator import --attach STACK'. When"
          + " the clients use that host's address, 'orchestrator move --done' here closes the"
          + " routes and removes what is left."
    })
final class MoveCommand implements Callable<Integer> {
  /** The capsules and volumes of this host are removed meanwhile. */
  private static final Duration DEADLINE = Duration.ofMinutes(10);

  /** The service measures the data. */
  private static final Duration PLAN_DEADLINE = Duration.ofMinutes(20);

  private final RootCommand root;

  @Option(
      names = "--to",
      paramLabel = "ENGINE",
      description = {
        "The engine: ssh://[USER@]HOST[:PORT], tcp://HOST:PORT with TLS, or the name of a Docker"
            + " context. Keys, known hosts and contexts are those of the service's user."
      })
  private @Nullable String to;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Option(
      names = "--plan",
      description =
          "Print what would be sent, the space and the engine there, how long clients would wait,"
              + " and all that the move would be refused for, and change nothing. Exit code 3 where"
              + " it would be refused.")
  private boolean plan;

  @Option(
      names = "--done",
      description =
          "End a move: close the routes of this host, and remove the capsules and the data that are"
              + " left here.")
  private boolean done;

  @Option(
      names = "--now",
      description =
          "With --done: cut the connections that are open through the routes of this host.")
  private boolean now;

  @Option(
      names = "--verify",
      paramLabel = "sample|full",
      description =
          "Compare the copy's databases and a sample of its other files, or all files (default:"
              + " data.verify).")
  private @Nullable VerifyOption verify;

  @Option(
      names = "--detach",
      description = "Print the id of the run and return, instead of showing the run.")
  private boolean detach;

  MoveCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    String address = to;
    if (done == (address != null) || (now && !done) || (plan && done)) {
      throw new ParameterException(
          spec.commandLine(), "say --to ENGINE, or --done, with --now if need be");
    }
    if (address == null) {
      String _ = root.api().post("/v1/move-done", Map.of("now", now), DEADLINE);
      root.context()
          .terminal()
          .println("the routes are closed, and nothing of the stack is left here");
      return ExitCode.DONE;
    }
    if (plan) {
      MovePlan answer =
          Json.read(
              root.api().get("/v1/move-plan?" + ApiClient.parameter("to", address), PLAN_DEADLINE),
              MovePlan.class);
      MovePlanText.lines(answer).forEach(root.context().terminal()::println);
      return answer.refusals().isEmpty() ? ExitCode.DONE : ExitCode.REFUSED;
    }
    Map<String, Object> body = Map.of("to", address, "full", verify == VerifyOption.full);
    String id = root.api().beginRun("/v1/move", body);
    if (detach) {
      root.context().terminal().println(id);
      return ExitCode.DONE;
    }
    return root.follower().followAccepted(id);
  }
}
