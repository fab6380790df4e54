package dev.orchestrator.cli;

import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.RefusedException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/** The command line: runs the command that the arguments name, and gives its exit code. */
public final class Cli {
  private static final Map<String, Function<RootCommand, Object>> COMMANDS = commands();

  private Cli() {}

  /** Runs a command; one that fails prints one line. Safe for any thread. */
  public static int run(CliContext context, String... arguments) {
    Terminal terminal = context.terminal();
    RootCommand root = new RootCommand(context);
    CommandLine line = new CommandLine(root);
    addCommands(line, root, Set.copyOf(List.of(arguments)));
    line.setOut(new PrintWriter(terminal.out(), true, terminal.out().charset()))
        .setErr(new PrintWriter(terminal.err(), true, terminal.err().charset()))
        .setColorScheme(CommandLine.Help.defaultColorScheme(terminal.colour() ? Ansi.ON : Ansi.OFF))
        .setParameterExceptionHandler((e, given) -> handleWrongUsage(terminal, e))
        .setExecutionExceptionHandler((e, command, parsed) -> handleFailure(root, e));
    return line.execute(arguments);
  }

  /**
   * Adds the commands that the arguments name, all of them when they name none: to read the
   * annotations of every command takes longer than a command itself.
   */
  private static void addCommands(CommandLine line, RootCommand root, Set<String> arguments) {
    boolean all = COMMANDS.keySet().stream().noneMatch(arguments::contains);
    COMMANDS.forEach((name, command) -> {
      if (all || arguments.contains(name)) {
        line.addSubcommand(name, command.apply(root));
      }
    });
  }

  private static Map<String, Function<RootCommand, Object>> commands() {
    Map<String, Function<RootCommand, Object>> commands = new LinkedHashMap<>();
    commands.put("serve", ServeCommand::new);
    commands.put("stacks", StacksCommand::new);
    commands.put("reload", ReloadCommand::new);
    commands.put("adopt", AdoptCommand::new);
    commands.put("init", InitCommand::new);
    commands.put("up", UpCommand::new);
    commands.put("upgrade", UpgradeCommand::new);
    commands.put("move", MoveCommand::new);
    commands.put("rollback", RollbackCommand::new);
    commands.put("rehearse", RehearseCommand::new);
    commands.put("snapshot", SnapshotCommand::of);
    commands.put("backup", BackupCommand::of);
    commands.put("abort", AbortCommand::new);
    commands.put("resume", ResumeCommand::new);
    commands.put("watch", WatchCommand::new);
    commands.put("status", StatusCommand::new);
    commands.put("versions", VersionsCommand::new);
    commands.put("history", HistoryCommand::new);
    commands.put("show", ShowCommand::new);
    commands.put("logs", LogsCommand::new);
    commands.put("doctor", DoctorCommand::new);
    commands.put("drill", DrillCommand::new);
    commands.put("down", DownCommand::new);
    commands.put("export", ExportCommand::new);
    commands.put("import", ImportCommand::new);
    commands.put("push", PushCommand::new);
    commands.put("pull", PullCommand::new);
    commands.put("inspect", InspectCommand::new);
    return commands;
  }

  private static int handleWrongUsage(Terminal terminal, CommandLine.ParameterException e) {
    if (e.getCause() instanceof RefusedException refusal) {
      return printError(terminal, String.valueOf(refusal.getMessage()), ExitCode.REFUSED);
    }
    String name = e.getCommandLine().getCommandSpec().qualifiedName();
    return printError(
        terminal, "%s; see '%s --help'".formatted(inOneLine(e), name), ExitCode.USAGE);
  }

  private static int handleFailure(RootCommand root, Exception e) {
    Terminal terminal = root.context().terminal();
    return switch (e) {
      case CommandException failure -> printError(terminal, inOneLine(failure), failure.exitCode());
      case RefusedException refusal -> printError(terminal, inOneLine(refusal), ExitCode.REFUSED);
      default ->
          printError(
              terminal,
              "unexpected: %s; the details are in %s"
                  .formatted(inOneLine(e), root.saveStackTrace(e)),
              ExitCode.INTERNAL);
    };
  }

  private static int printError(Terminal terminal, String message, int exitCode) {
    terminal.err().println(terminal.red("error:") + " " + message);
    terminal.err().flush();
    return exitCode;
  }

  private static String inOneLine(Throwable e) {
    String message = e.getMessage();
    String text = message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
    return String.join(" ", text.strip().lines().map(String::strip).toList());
  }
}
