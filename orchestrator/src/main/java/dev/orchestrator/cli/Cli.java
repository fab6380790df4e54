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

/** The command line: from arguments to an exit code. */
public final class Cli {
  private static final Map<String, Function<RootCommand, Object>> COMMANDS = commands();

  private Cli() {}

  /** Runs one command; prints at most one line when it fails. Any thread. */
  public static int run(CliContext context, String... arguments) {
    Terminal terminal = context.terminal();
    RootCommand root = new RootCommand(context);
    CommandLine line = new CommandLine(root);
    addCommands(line, root, Set.copyOf(List.of(arguments)));
    line.setOut(new PrintWriter(terminal.out(), true, terminal.out().charset()))
        .setErr(new PrintWriter(terminal.err(), true, terminal.err().charset()))
        .setColorScheme(CommandLine.Help.defaultColorScheme(terminal.colour() ? Ansi.ON : Ansi.OFF))
        .setParameterExceptionHandler((e, given) -> usage(terminal, e))
        .setExecutionExceptionHandler((e, command, parsed) -> failed(root, e));
    return line.execute(arguments);
  }

  /**
   * Adds the commands that are named, all when none is. Reading the annotations of all of them
   * takes longer than the command itself.
   */
  private static void addCommands(CommandLine line, RootCommand root, Set<String> named) {
    boolean all = COMMANDS.keySet().stream().noneMatch(named::contains);
    COMMANDS.forEach((name, command) -> {
      if (all || named.contains(name)) {
        line.addSubcommand(name, command.apply(root));
      }
    });
  }

  private static Map<String, Function<RootCommand, Object>> commands() {
    Map<String, Function<RootCommand, Object>> commands = new LinkedHashMap<>();
    commands.put("serve", ServeCommand::new);
    commands.put("up", UpCommand::new);
    commands.put("upgrade", UpgradeCommand::new);
    commands.put("rollback", RollbackCommand::new);
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
    return commands;
  }

  private static int usage(Terminal terminal, CommandLine.ParameterException e) {
    if (e.getCause() instanceof RefusedException refusal) {
      return complain(terminal, String.valueOf(refusal.getMessage()), ExitCode.REFUSED);
    }
    String name = e.getCommandLine().getCommandSpec().qualifiedName();
    return complain(terminal, "%s; see '%s --help'".formatted(oneLine(e), name), ExitCode.USAGE);
  }

  private static int failed(RootCommand root, Exception e) {
    Terminal terminal = root.context().terminal();
    return switch (e) {
      case CommandException failure -> complain(terminal, oneLine(failure), failure.exitCode());
      case RefusedException refusal -> complain(terminal, oneLine(refusal), ExitCode.REFUSED);
      default ->
          complain(
              terminal,
              "unexpected: %s; the details are in %s".formatted(oneLine(e), root.keep(e)),
              ExitCode.INTERNAL);
    };
  }

  private static int complain(Terminal terminal, String line, int exitCode) {
    terminal.err().println(terminal.red("error:") + " " + line);
    terminal.err().flush();
    return exitCode;
  }

  private static String oneLine(Throwable e) {
    String message = e.getMessage();
    String text = message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
    return String.join(" ", text.strip().lines().map(String::strip).toList());
  }
}
