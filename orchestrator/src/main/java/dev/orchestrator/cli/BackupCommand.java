package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.report.BackupReport;
import dev.orchestrator.stack.BackupRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code backup}, with a command for each thing to do with backups off the host. */
@Command(
    name = "backup",
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Make, list, restore, check, remove and prove backups off the host.",
      "Backups are in a repository of restic, which the settings in 'backup' name: restic alone"
          + " gets them back."
    })
final class BackupCommand extends CommandGroup {
  /** The repository's server may be slow. */
  private static final Duration DEADLINE = Duration.ofMinutes(10);

  private BackupCommand() {}

  /** The command with those below it. */
  static CommandLine of(RootCommand root) {
    return new CommandLine(new BackupCommand())
        .addSubcommand(new Run(root))
        .addSubcommand(new ListAll(root))
        .addSubcommand(new Restore(root))
        .addSubcommand(new Check(root))
        .addSubcommand(new Forget(root))
        .addSubcommand(new Prove(root));
  }

  /** Begins an operation, and follows it unless only its id is wanted. */
  private static int execute(
      RootCommand root, String path, Map<String, ?> body, boolean detach, boolean json)
      throws InterruptedException {
    BackupFollower follower = new BackupFollower(root);
    String id = follower.begin(path, body);
    if (detach) {
      root.context().terminal().println(json ? Json.write(Map.of("id", id)) : id);
      return ExitCode.DONE;
    }
    return follower.follow(id, json);
  }

  /** {@code backup run}. */
  @Command(
      name = "run",
      description = {
        "Make a backup of what serves, which serves on.",
        "The backup is made of a snapshot, which is made first and deleted afterwards: clients are"
            + " held for less than a second as a rule, and not while data is sent.",
        "The exit code is 5 when the backup was not made."
      })
  static final class Run implements Callable<Integer> {
    private final RootCommand root;

    @Option(
        names = "--snapshot",
        paramLabel = "NAME",
        description = "Back this snapshot up, instead of one that is made for it.")
    private @Nullable String snapshot;

    @Mixin private final DetachOption detach = new DetachOption();

    @Mixin private final JsonOption json = new JsonOption();

    Run(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() throws InterruptedException {
      Map<String, String> body = new HashMap<>();
      if (snapshot != null) {
        body.put("snapshot", snapshot);
      }
      return execute(root, "/v1/backups", body, detach.requested(), json.requested());
    }
  }

  /** {@code backup list}. */
  @Command(
      name = "list",
      description = {
        "List all backups of the stack in the repository, newest first, and how they stand.",
        "The exit code is 5 when the last backup failed, is overdue, or did not come up when it was"
            + " proven."
      })
  static final class ListAll implements Callable<Integer> {
    private final RootCommand root;

    @Mixin private final JsonOption json = new JsonOption();

    ListAll(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() {
      String answer = root.api().get("/v1/backups", DEADLINE);
      BackupReport report = Json.read(answer, BackupReport.class);
      Terminal terminal = root.context().terminal();
      if (json.requested()) {
        terminal.out().println(Json.indent(answer));
      } else {
        TextTable table = new TextTable("ID", "VERSION", "CREATED", "SNAPSHOT", "HOST");
        for (BackupReport.Entry each : report.backups()) {
          table.row(
              each.id(), each.version(), HumanText.when(each.time()), each.snapshot(), each.host());
        }
        table.lines().forEach(terminal::println);
        String text = report.health().text();
        terminal.println(report.health().bad() ? terminal.red(text) : text);
      }
      return report.health().bad() ? ExitCode.NEEDS_ATTENTION : ExitCode.DONE;
    }
  }

  /** {@code backup restore}. */
  @Command(
      name = "restore",
      description = {
        "Go back to the version and the data of a backup.",
        "It is restored into new volumes, which become the snapshot backup-ID, and then that is"
            + " restored as 'snapshot restore' does it: what served before is kept as a snapshot,"
            + " and serves on when the restored version is not healthy.",
        "A stack that was never up is brought up with it."
      })
  static final class Restore implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(
        paramLabel = "BACKUP",
        description =
            "Id, or the first digits of it, as 'orchestrator backup list' has it; 'latest' for the"
                + " newest.")
    private String backup = "";

    @Option(
        names = "--to",
        paramLabel = "DIR",
        description =
            "Write its files into this empty folder of the host, and change nothing else.")
    private @Nullable Path folder;

    @Option(
        names = "--snapshot-only",
        description = "Make a snapshot of it, and leave what serves as it is.")
    private boolean only;

    @Mixin private final DetachOption detach = new DetachOption();

    @Mixin private final JsonOption json = new JsonOption();

    Restore(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() throws InterruptedException {
      Map<String, Object> body = new HashMap<>();
      body.put("backup", backup);
      body.put("only", only);
      if (folder != null) {
        body.put("folder", folder.toAbsolutePath().normalize().toString());
      }
      return execute(root, "/v1/backups/restore", body, detach.requested(), json.requested());
    }
  }

  /** {@code backup check}. */
  @Command(
      name = "check",
      description = {"Check that the repository is whole.", "The exit code is 5 when it is not."})
  static final class Check implements Callable<Integer> {
    private final RootCommand root;

    @Option(
        names = "--read",
        paramLabel = "PERCENT",
        defaultValue = "0",
        description =
            "Read so much of its data and compare it, chosen anew each time (default:"
                + " ${DEFAULT-VALUE}).")
    private int percent;

    @Mixin private final JsonOption json = new JsonOption();

    Check(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() throws InterruptedException {
      return execute(
          root, "/v1/backups/check", Map.of("percent", percent), false, json.requested());
    }
  }

  /** {@code backup forget}. */
  @Command(
      name = "forget",
      description = {
        "Remove the backups that the settings in 'backup.keep' do not keep, or those that are"
            + " named.",
        "Each backup does the former, too. Backups of other hosts are removed only by their id."
      })
  static final class Forget implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(
        paramLabel = "BACKUP",
        arity = "0..*",
        description = "Ids, as 'orchestrator backup list' has them.")
    private List<String> backups = List.of();

    @Option(names = "--plan", description = "Print what would be removed, and change nothing.")
    private boolean plan;

    @Mixin private final JsonOption json = new JsonOption();

    Forget(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() throws InterruptedException {
      return execute(
          root,
          "/v1/backups/forget",
          Map.of("backups", backups, "plan", plan),
          false,
          json.requested());
    }
  }

  /** {@code backup prove}. */
  @Command(
      name = "prove",
      description = {
        "Restore a backup apart from what serves, start it out of reach, check it, and remove it.",
        "The exit code is 5 when the backup does not come up; 'orchestrator status' then says so."
      })
  static final class Prove implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(
        paramLabel = "BACKUP",
        arity = "0..1",
        description = "Id, as 'orchestrator backup list' has it; default: the newest.")
    private String backup = BackupRequest.LATEST;

    @Mixin private final DetachOption detach = new DetachOption();

    @Mixin private final JsonOption json = new JsonOption();

    Prove(RootCommand root) {
      this.root = root;
    }

    @Override
    public Integer call() throws InterruptedException {
      return execute(
          root,
          "/v1/backups/prove",
          Map.of("backup", backup),
          detach.requested(),
          json.requested());
    }
  }
}
