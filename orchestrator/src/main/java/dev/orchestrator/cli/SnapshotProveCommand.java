package dev.orchestrator.cli;

import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.journal.SnapshotRecord.Proof;
import dev.orchestrator.report.SnapshotStatus;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code snapshot prove}. */
@Command(
    name = "prove",
    description = {
      "Start snapshots out of reach, and find out whether they could be restored.",
      "The version of a snapshot is started on a clone or copy of its data, in a network without"
          + " a way out: every service and probe must be healthy, and the databases check"
          + " themselves. Then all of that is thrown away. What serves serves on."
    })
final class SnapshotProveCommand implements Callable<Integer> {
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

  @Mixin private final DetachOption detach = new DetachOption();

  @Mixin private final JsonOption json = new JsonOption();

  SnapshotProveCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (all != names.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "name the snapshots to prove, or say --all");
    }
    if (detach.requested() && (all || names.size() > 1)) {
      throw new ParameterException(
          spec.commandLine(),
          "--detach is for one snapshot: several are proven one after the other");
    }
    List<String> chosen =
        all
            ? SnapshotCommand.all(root).stream().map(SnapshotStatus::name).toList()
            : List.copyOf(names);
    int code = ExitCode.DONE;
    for (String name : chosen) {
      code = Math.max(code, prove(name));
    }
    if (!detach.requested()) {
      report(chosen);
    }
    return code;
  }

  /** A snapshot that can't be proven now does not keep the others from it. */
  private int prove(String name) throws InterruptedException {
    try {
      return SnapshotCommand.follow(
          root,
          root.api().beginRun(SnapshotCommand.path(name) + "/prove", Map.of()),
          detach.requested(),
          json);
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
        SnapshotCommand.all(root).stream().filter(each -> chosen.contains(each.name())).toList();
    if (json.requested()) {
      SnapshotCommand.print(root, proven);
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
