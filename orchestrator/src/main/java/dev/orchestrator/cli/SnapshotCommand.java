package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.report.SnapshotStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;

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
final class SnapshotCommand extends CommandGroup {
  /** The service measures and removes volumes. */
  static final Duration DEADLINE = Duration.ofMinutes(20);

  private SnapshotCommand() {}

  /** The command with those below it. */
  static CommandLine of(RootCommand root) {
    return new CommandLine(new SnapshotCommand())
        .addSubcommand(new SnapshotCreateCommand(root))
        .addSubcommand(new SnapshotListCommand(root))
        .addSubcommand(new SnapshotShowCommand(root))
        .addSubcommand(new SnapshotProveCommand(root))
        .addSubcommand(new SnapshotRestoreCommand(root))
        .addSubcommand(new SnapshotDiffCommand(root))
        .addSubcommand(new SnapshotDeleteCommand(root))
        .addSubcommand(new SnapshotPruneCommand(root));
  }

  /**
   * Follows a run to its end; returns the exit code that tells how it ended. With JSON wanted, its
   * steps go to standard error.
   */
  static int follow(RootCommand root, String id, boolean detach, JsonOption json)
      throws InterruptedException {
    if (detach) {
      root.context()
          .terminal()
          .println(json.requested() ? Json.indent(Json.write(Map.of("id", id))) : id);
      return ExitCode.DONE;
    }
    return (json.requested() ? root.quietFollower() : root.follower()).followAccepted(id);
  }

  static Receipt receipt(RootCommand root, String id) {
    return Json.read(root.api().get("/v1/upgrades/" + ApiClient.segment(id)), Receipt.class);
  }

  static List<SnapshotStatus> all(RootCommand root) {
    return Json.readList(root.api().get("/v1/snapshots"), SnapshotStatus.class);
  }

  static void print(RootCommand root, Object answer) {
    root.context().terminal().out().println(Json.indent(Json.write(answer)));
  }

  static String path(String name) {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._+-]*")) {
      throw new RefusedException("there is no snapshot " + name);
    }
    return "/v1/snapshots/" + ApiClient.segment(name);
  }
}
