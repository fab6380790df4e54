package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ServiceLocation;
import dev.orchestrator.home.HomeFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * {@code orchestrator} without a command: the options that every command has, and what a command
 * gets by them: the service's location, its API.
 */
@Command(
    name = "orchestrator",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = RootCommand.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    sortOptions = false,
    usageHelpAutoWidth = false,
    description = "Upgrade whole compose stacks, databases included, on a live Docker host.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:internal error",
      "2:wrong usage",
      "3:refused: nothing was changed",
      "4:failed and rolled back: the version that served before serves on",
      "5:needs attention",
      "6:the service does not answer",
      "130:interrupted by Ctrl-C: a run in the service goes on"
    })
final class RootCommand implements Runnable {
  private final CliContext context;
  private @Nullable Path config;
  private @Nullable Path home;
  private @Nullable String stack;

  @Spec private @Nullable CommandSpec spec;

  RootCommand(CliContext context) {
    this.context = context;
  }

  @Option(
      names = "--config",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description =
          "Configuration file (default: $ORCHESTRATOR_CONFIG, else config/orchestrator.conf of"
              + " the installation, else /etc/orchestrator/orchestrator.conf).")
  void config(Path file) {
    config = file;
  }

  @Option(
      names = "--home",
      scope = ScopeType.INHERIT,
      paramLabel = "DIR",
      description = "Folder of the service's state (default: 'home' in the configuration file).")
  void home(Path folder) {
    home = folder;
  }

  @Option(
      names = {"-s", "--stack"},
      scope = ScopeType.INHERIT,
      paramLabel = "NAME",
      description =
          "The stack (default: $ORCHESTRATOR_STACK, else the one whose folder is the working"
              + " directory, else the only one).")
  void stack(String name) {
    stack = name;
  }

  @Override
  public void run() {
    CommandSpec own = Objects.requireNonNull(spec);
    throw new ParameterException(own.commandLine(), "a command is missing");
  }

  CliContext context() {
    return context;
  }

  /** Where the service is, by the options, the environment and the configuration file. */
  ServiceLocation location() {
    return ServiceLocation.find(config, home, context.environment(), context.root())
        .forStack(stack, context.environment(), Path.of("").toAbsolutePath());
  }

  ApiClient api() {
    return new ApiClient(location());
  }

  RunFollower follower() {
    return new RunFollower(api(), context.terminal(), context.clock(), context.reconnectTimeout());
  }

  /** Follows runs on standard error, where the output is the API's answer alone. */
  RunFollower quietFollower() {
    Terminal terminal = context.terminal();
    return new RunFollower(
        api(),
        new Terminal(
            terminal.err(),
            terminal.err(),
            null,
            false,
            false,
            terminal.unicode(),
            terminal.width()),
        context.clock(),
        context.reconnectTimeout());
  }

  /** Follows runs of a stack that a command has made. */
  RunFollower follower(String ofStack) {
    return follower(ofStack, context.terminal());
  }

  /** The same, on another terminal. */
  RunFollower follower(String ofStack, Terminal terminal) {
    ServiceLocation location = location().forStack(ofStack, Map.of(), Path.of("/"));
    return new RunFollower(
        new ApiClient(location), terminal, context.clock(), context.reconnectTimeout());
  }

  /** The value of {@code --stack}, or null. */
  @Nullable String namedStack() {
    return stack;
  }

  /** Writes a stack trace to a file instead of the terminal; returns the file. */
  Path saveStackTrace(Exception e) {
    StringWriter trace = new StringWriter();
    e.printStackTrace(new PrintWriter(trace));
    String record = context.clock().instant() + " " + trace;
    try {
      Path file = new HomeFiles(location().home()).clientLog();
      Files.writeString(file, record, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      return file;
    } catch (IOException | RuntimeException unwritable) {
      return saveInTemporaryFile(record);
    }
  }

  private static Path saveInTemporaryFile(String record) {
    try {
      Path file = Files.createTempFile("orchestrator-", ".log");
      Files.writeString(file, record);
      return file;
    } catch (IOException e) {
      return Path.of("no file, none could be written");
    }
  }

  /** The program's version, which the build writes into the jar. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"orchestrator " + number()};
    }

    static String number() {
      String version = Cli.class.getPackage().getImplementationVersion();
      return version == null ? "(not packaged)" : version;
    }
  }
}
