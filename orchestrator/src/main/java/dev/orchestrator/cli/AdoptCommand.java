package dev.orchestrator.cli;

import dev.orchestrator.adopt.AdoptPlan;
import dev.orchestrator.adopt.AdoptPlanText;
import dev.orchestrator.adopt.ProjectSummary;
import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.report.RollbackCost;
import dev.orchestrator.stack.Adopted;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code adopt [--list] [PROJECT|DIR] [--stack NAME] [--plan]}, {@code adopt --undo}. */
@Command(
    name = "adopt",
    description = {
      "Take over a compose project that runs, with its data.",
      "The project becomes a stack of its own, with the images that it runs now. Its data is copied"
          + " while it serves, then its containers are stopped in order and the stack takes over"
          + " its ports. The containers, volumes and files of the project stay as they are."
    })
final class AdoptCommand implements Callable<Integer> {
  /** It measures the data, and tries the version out. */
  static final Duration DEADLINE = Duration.ofMinutes(40);

  private final RootCommand root;
  @Mixin private final JsonOption json = new JsonOption();

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "PROJECT|DIR",
      description = "The project's name, its folder or a compose file of it.")
  private @Nullable String project;

  @Option(names = "--list", description = "List the compose projects of the engine.")
  private boolean list;

  @Option(
      names = "--plan",
      description =
          "Only show what would become of the project; with --undo: what was written since the"
              + " adoption, and would be removed.")
  private boolean plan;

  @Option(
      names = "--undo",
      description =
          "Start the project of the stack again, with its own data as of the adoption, and remove"
              + " the stack's capsules and data.")
  private boolean undo;

  @Option(
      names = "--yes",
      description = "With --undo: do not ask whether newer data may be removed.")
  private boolean yes;

  @Option(names = "--detach", description = "Print the id of the run instead of watching it.")
  private boolean detach;

  AdoptCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    requireOneUse();
    if (list) {
      return list();
    }
    if (undo) {
      return undo();
    }
    String named = absolute(String.valueOf(project));
    if (plan) {
      return show(root, named, false, json.requested());
    }
    Adopted adopted = adopt(root, named, false);
    root.context().terminal().println("stack %s: %s".formatted(adopted.stack(), adopted.folder()));
    return detach
        ? printId(adopted.id())
        : root.follower(adopted.stack()).followAccepted(adopted.id());
  }

  private void requireOneUse() {
    int uses = (project == null ? 0 : 1) + (list ? 1 : 0) + (undo ? 1 : 0);
    if (uses != 1) {
      throw new ParameterException(
          spec.commandLine(), "name a project, or use --list or --undo; one of these");
    }
  }

  /** Newer data is lost by an undo: a person is shown what, and must have wanted it. */
  private int undo() throws InterruptedException {
    Terminal terminal = root.context().terminal();
    if (plan || (!yes && terminal.canAsk())) {
      String answer = root.api().get("/v1/undo-adopt", DEADLINE);
      if (plan && json.requested()) {
        terminal.out().println(Json.indent(answer));
        return ExitCode.DONE;
      }
      RollbackText.undoLines(Json.read(answer, RollbackCost.class)).forEach(terminal::println);
      if (plan) {
        return ExitCode.DONE;
      }
      if (!terminal.ask("go on? [y/N] ").strip().matches("(?i)y(es)?")) {
        terminal.println("nothing was done");
        return ExitCode.REFUSED;
      }
    } else if (!yes) {
      throw new RefusedException(
          "what was written to the stack since its adoption is removed with it: --yes says that"
              + " this is right, --undo --plan shows it");
    }
    String id = root.api().beginRun("/v1/undo-adopt", Map.of());
    return detach ? printId(id) : root.follower().followAccepted(id);
  }

  private int printId(String id) {
    root.context().terminal().println(id);
    return ExitCode.DONE;
  }

  private int list() {
    String answer = root.api().get("/v1/projects", DEADLINE);
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
      return ExitCode.DONE;
    }
    List<ProjectSummary> projects = Json.readList(answer, ProjectSummary.class);
    if (projects.isEmpty()) {
      terminal.println("there are no compose projects on this engine");
      return ExitCode.DONE;
    }
    TextTable table = new TextTable("PROJECT", "STATE", "SERVICES", "FOLDER", "FILES");
    for (ProjectSummary project : projects) {
      table.row(
          project.name(),
          project.stack().isEmpty()
              ? project.state()
              : "stack %s, %s".formatted(project.stack(), project.state()),
          String.join(" ", project.services()),
          orUnknown(project.folder()),
          orUnknown(files(project)));
    }
    table.lines().forEach(terminal::println);
    return ExitCode.DONE;
  }

  private static String orUnknown(String text) {
    return text.isEmpty() ? "not known" : text;
  }

  private static String files(ProjectSummary project) {
    String folder = project.folder() + "/";
    return project.files().stream()
        .map(file -> file.startsWith(folder) ? file.substring(folder.length()) : file)
        .collect(Collectors.joining(" "));
  }

  /** Shows what would become of a project. */
  static int show(RootCommand root, String project, boolean init, boolean json) {
    StringBuilder path =
        new StringBuilder("/v1/adopt?").append(ApiClient.parameter("project", project));
    String stack = root.namedStack();
    if (stack != null) {
      path.append('&').append(ApiClient.parameter("stack", stack));
    }
    if (init) {
      path.append("&init=true");
    }
    String answer = root.api().get(path.toString(), DEADLINE);
    AdoptPlan plan = Json.read(answer, AdoptPlan.class);
    root.context()
        .terminal()
        .out()
        .print(json ? Json.indent(answer) + "\n" : AdoptPlanText.of(plan));
    return plan.refusals().isEmpty() ? ExitCode.DONE : ExitCode.REFUSED;
  }

  static Adopted adopt(RootCommand root, String project, boolean init) {
    Map<String, Object> body = new HashMap<>();
    body.put("project", project);
    body.put("init", init);
    String stack = root.namedStack();
    if (stack != null) {
      body.put("stack", stack);
    }
    return Json.read(root.api().post("/v1/adopt", body, DEADLINE), Adopted.class);
  }

  /** The service has another working directory. */
  private static String absolute(String project) {
    Path path = Path.of(project);
    return project.contains("/") || project.equals(".") || Files.isRegularFile(path)
        ? path.toAbsolutePath().normalize().toString()
        : project;
  }
}
