package dev.orchestrator.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.SnapshotRecord.Proof;
import dev.orchestrator.report.SnapshotStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code snapshot}, with a command for each thing to do with snapshots. */
@Command(
    name = "snapshot",
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Make, list, prove, restore and delete snapshots of the data.",
      "A snapshot is all data of a moment, with its version. It stays until it is deleted;"
          + " those that the service makes by itself stay until the settings in 'snapshots' no"
          + " longer keep them."
    })
final class SnapshotCommand implements Callable<Integer> {
  /** The service measures and removes volumes. */
  private static final Duration DEADLINE = Duration.ofMinutes(20);

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  private SnapshotCommand() {}

  /** The command with those below it. */
  static CommandLine of(RootCommand root) {
    return new CommandLine(new SnapshotCommand())
        .addSubcommand(new Create(root))
        .addSubcommand(new ListAll(root))
        .addSubcommand(new Show(root))
        .addSubcommand(new Prove(root))
        .addSubcommand(new Restore(root))
        .addSubcommand(new Delete(root))
        .addSubcommand(new Prune(root));
  }

  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(),
        "say what to do: " + String.join(", ", spec.commandLine().getSubcommands().keySet()));
  }

  /**
   * Follows a run to its end; returns the exit code that tells how it ended. With JSON wanted, its
   * steps go to standard error.
   */
  private static int follow(RootCommand root, String id, boolean detach, JsonOption json)
      throws InterruptedException {
    if (detach) {
      root.context()
          .terminal()
          .println(json.requested() ? Json.indent(Json.write(Map.of("id", id))) : id);
      return ExitCode.DONE;
    }
    return (json.requested() ? root.quietFollower() : root.follower()).followAccepted(id);
  }

  private static Receipt receipt(RootCommand root, String id) {
    return Json.read(root.api().get("/v1/upgrades/" + ApiClient.segment(id)), Receipt.class);
  }

  private static List<SnapshotStatus> all(RootCommand root) {
    return Json.readList(root.api().get("/v1/snapshots"), SnapshotStatus.class);
  }

  private static void print(RootCommand root, Object answer) {
    root.context().terminal().out().println(Json.indent(Json.write(answer)));
  }

  private static String path(String name) {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._+-]*")) {
      throw new RefusedException("there is no snapshot " + name);
    }
    return "/v1/snapshots/" + ApiClient.segment(name);
  }

  /** {@code snapshot create}. */
  @Command(
      name = "create",
      description = {
        "Make a snapshot of what serves, which serves on.",
        "Clients are held while the data is at rest, for less than a second as a rule; the output"
            + " says for how long."
      })
  static final class Create implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(
        paramLabel = "NAME",
        arity = "0..1",
        description = "Name of the snapshot; default: the version and the time.")
    private @Nullable String name;

    @Option(
        names = "--stop",
        description =
            "Stop the services for the snapshot instead of freezing them: what they have in memory"
                + " is in it.")
    private boolean stop;

    @Option(
        names = "--detach",
        description = "Print the id of the run and return, instead of showing the run.")
    private boolean detach;

    @Mixin private final JsonOption json = new JsonOption();

    Create(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() throws InterruptedException {
      Map<String, String> body = new HashMap<>();
      if (name != null) {
        body.put("name", name);
      }
      if (stop) {
        body.put("quiesce", "stop");
      }
      String id = root.api().beginRun("/v1/snapshots", body);
      int code = follow(root, id, detach, json);
      if (json.requested() && !detach) {
        Receipt receipt = receipt(root, id);
        print(
            root,
            all(root).stream()
                .filter(made -> Objects.equals(made.generation(), receipt.upgrade().to()))
                .map(Object.class::cast)
                .findFirst()
                .orElse(receipt));
      }
      return code;
    }
  }

  /** {@code snapshot list}. */
  @Command(name = "list", description = "List all snapshots, newest first.")
  static final class ListAll implements Callable<Integer> {
    private final RootCommand root;

    @Mixin private final JsonOption json = new JsonOption();

    ListAll(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() {
      String answer = root.api().get("/v1/snapshots");
      Terminal terminal = root.context().terminal();
      if (json.requested()) {
        terminal.out().println(Json.indent(answer));
        return ExitCode.DONE;
      }
      TextTable table =
          new TextTable("NAME", "VERSION", "CREATED", "SIZE", "SHARED", "REASON", "PROVEN");
      for (SnapshotStatus each : Json.readList(answer, SnapshotStatus.class)) {
        table.row(
            each.name(),
            each.version(),
            HumanText.when(each.created()),
            size(each.bytes()),
            size(each.shared()),
            each.reason(),
            proven(each.proven(), each.lastProof()));
      }
      table.lines().forEach(terminal::println);
      return ExitCode.DONE;
    }
  }

  /** {@code snapshot show}. */
  @Command(name = "show", description = "Print a snapshot: its version, its volumes, its size.")
  static final class Show implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(paramLabel = "NAME", description = "Name, as 'orchestrator snapshot list' has it.")
    private String name = "";

    @Mixin private final JsonOption json = new JsonOption();

    Show(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() {
      String answer = root.api().get(path(name));
      Terminal terminal = root.context().terminal();
      if (json.requested()) {
        terminal.out().println(Json.indent(answer));
      } else {
        lines(Json.read(answer, SnapshotStatus.class)).forEach(terminal::println);
      }
      return ExitCode.DONE;
    }

    private static List<String> lines(SnapshotStatus snapshot) {
      return List.of(
          "snapshot  " + snapshot.name(),
          "version   " + snapshot.version() + ", image " + snapshot.image(),
          "created   " + HumanText.when(snapshot.created()) + ", " + snapshot.reason(),
          "size      "
              + size(snapshot.bytes())
              + ", of which "
              + size(snapshot.shared())
              + " were shared when it was made",
          "pause     clients waited " + HumanText.time(snapshot.pauseMillis()) + " at most",
          "proven    "
              + proven(snapshot.proven(), snapshot.lastProof())
              + (snapshot.lastProof() == null
                  ? ""
                  : " (" + snapshot.lastProof().run() + "): " + snapshot.lastProof().text()),
          "volumes   "
              + snapshot.volumes().stream()
                  .map(volume ->
                      "%s: %s (%s)".formatted(volume.name(), volume.volume(), volume.method()))
                  .collect(Collectors.joining(", ")),
          "needed by "
              + (snapshot.layersOver().isEmpty()
                  ? "nothing"
                  : "the data of " + String.join(", ", snapshot.layersOver())));
    }
  }

  /** {@code snapshot prove}. */
  @Command(
      name = "prove",
      description = {
        "Start snapshots out of reach, and find out whether they could be restored.",
        "The version of a snapshot is started on a clone or copy of its data, in a network without"
            + " a way out: every service and probe must be healthy, and the databases check"
            + " themselves. Then all of that is thrown away. What serves serves on."
      })
  static final class Prove implements Callable<Integer> {
    private final RootCommand root;

    @SuppressWarnings("NullAway.Init") // set by picocli
    @Spec
    private CommandSpec spec;

    @Parameters(
        paramLabel = "NAME",
        arity = "0..*",
        description = "Names, as 'orchestrator snapshot list' has them.")
    private List<String> names = List.of();

    @Option(names = "--all", description = "Prove all snapshots, one after the other.")
    private boolean all;

    @Option(
        names = "--detach",
        description = "Print the id of the run and return, instead of showing the run.")
    private boolean detach;

    @Mixin private final JsonOption json = new JsonOption();

    Prove(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() throws InterruptedException {
      if (all != names.isEmpty()) {
        throw new ParameterException(
            spec.commandLine(), "name the snapshots to prove, or say --all");
      }
      if (detach && (all || names.size() > 1)) {
        throw new ParameterException(
            spec.commandLine(),
            "--detach is for one snapshot: several are proven one after the other");
      }
      List<String> chosen =
          all ? all(root).stream().map(SnapshotStatus::name).toList() : List.copyOf(names);
      int code = ExitCode.DONE;
      for (String name : chosen) {
        code = Math.max(code, prove(name));
      }
      if (!detach) {
        report(chosen);
      }
      return code;
    }

    /** A snapshot that can't be proven now does not keep the others from it. */
    private int prove(String name) throws InterruptedException {
      try {
        return follow(root, root.api().beginRun(path(name) + "/prove", Map.of()), detach, json);
      } catch (CommandException e) {
        if (names.size() == 1) {
          throw e;
        }
        root.context().terminal().err().println("error: " + name + ": " + e.getMessage());
        return e.exitCode();
      }
    }

    private void report(List<String> chosen) {
      List<SnapshotStatus> proven =
          all(root).stream().filter(each -> chosen.contains(each.name())).toList();
      if (json.requested()) {
        print(root, proven);
        return;
      }
      if (chosen.isEmpty()) {
        root.context().terminal().println("there is no snapshot");
      }
      for (SnapshotStatus each : proven) {
        Proof last = each.lastProof();
        root.context()
            .terminal()
            .println(
                last == null
                    ? each.name() + " was not proven"
                    : "%s %s: %s"
                        .formatted(each.name(), last.good() ? "is proven" : "FAILED", last.text()));
      }
    }
  }

  /** {@code snapshot restore}. */
  @Command(
      name = "restore",
      description = {
        "Go back to the version and the data of a snapshot, which stays.",
        "The data is copied while what serves goes on serving; then clients are held as in an"
            + " upgrade. What served before is kept as a snapshot itself, and serves on when the"
            + " restored version is not healthy."
      })
  static final class Restore implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(paramLabel = "NAME", description = "Name, as 'orchestrator snapshot list' has it.")
    private String name = "";

    @Option(
        names = "--detach",
        description = "Print the id of the run and return, instead of showing the run.")
    private boolean detach;

    @Mixin private final JsonOption json = new JsonOption();

    Restore(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() throws InterruptedException {
      String id = root.api().beginRun(path(name) + "/restore", Map.of());
      int code = follow(root, id, detach, json);
      if (json.requested() && !detach) {
        print(root, receipt(root, id));
      }
      return code;
    }
  }

  /** {@code snapshot delete}. */
  @Command(name = "delete", description = "Delete snapshots, and free the space that they take.")
  static final class Delete implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(
        paramLabel = "NAME",
        arity = "1..*",
        description = "Names, as 'orchestrator snapshot list' has them.")
    private List<String> names = List.of();

    @Mixin private final JsonOption json = new JsonOption();

    Delete(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() {
      for (String name : names) {
        String answer = root.api().delete(path(name), DEADLINE);
        Terminal terminal = root.context().terminal();
        if (json.requested()) {
          terminal.out().println(Json.indent(answer));
        } else {
          terminal.println(Json.read(answer, JsonNode.class).path("result").asText());
        }
      }
      return ExitCode.DONE;
    }
  }

  /** {@code snapshot prune}. */
  @Command(
      name = "prune",
      description = {
        "Delete the snapshots that the settings in 'snapshots' no longer keep.",
        "Each run of the service does that, too. What a person made stays."
      })
  static final class Prune implements Callable<Integer> {
    private final RootCommand root;

    @Option(names = "--plan", description = "Print what would be deleted, and change nothing.")
    private boolean plan;

    @Mixin private final JsonOption json = new JsonOption();

    Prune(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() {
      String answer = root.api().post("/v1/snapshots/prune", Map.of("plan", plan), DEADLINE);
      Terminal terminal = root.context().terminal();
      if (json.requested()) {
        terminal.out().println(Json.indent(answer));
        return ExitCode.DONE;
      }
      JsonNode deleted = Json.read(answer, JsonNode.class).path("deleted");
      deleted.forEach(
          name -> terminal.println(name.asText() + (plan ? " would be deleted" : " deleted")));
      if (deleted.isEmpty()) {
        terminal.println("nothing to delete: the settings keep all snapshots");
      }
      return ExitCode.DONE;
    }
  }

  private static String size(long bytes) {
    return bytes < 0 ? "-" : HumanText.bytes(bytes);
  }

  /** When it was proven, or that the last proof failed. */
  private static String proven(@Nullable Instant proven, @Nullable Proof last) {
    if (last != null && !last.good()) {
      return "FAILED " + HumanText.when(last.at());
    }
    return proven == null ? "never" : HumanText.when(proven);
  }
}
