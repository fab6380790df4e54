package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.client.HomeOwner;
import dev.orchestrator.client.RunningService;
import dev.orchestrator.client.ServiceLocation;
import dev.orchestrator.client.ServiceStopper;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.home.HomeFiles;
import java.io.Console;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code serve [--detach] [--takeover]}, {@code serve --stop}. */
@Command(
    name = "serve",
    description = "Run the service: the public routes, the API and the schedules.")
final class ServeCommand implements Callable<Integer> {
  private final RootCommand root;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Option(
      names = "--detach",
      description = "Run the service in the background, and return when its API answers.")
  private boolean detach;

  @Option(
      names = "--takeover",
      description = {
        "Take the routes over from the service that runs on this home; no client is refused. The"
            + " old process lets its connections end (takeover.drain) and exits. Refused while a"
            + " run is under way."
      })
  private boolean takeover;

  @Option(
      names = "--stop",
      description = "Stop the service that runs on this home. Its containers run on.")
  private boolean stop;

  ServeCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    ServiceLocation location = root.location();
    HomeFiles files = new HomeFiles(location.home());
    Terminal terminal = root.context().terminal();
    if (stop) {
      if (detach || takeover) {
        throw new ParameterException(
            spec.commandLine(), "--stop and the other options of serve are mutually exclusive");
      }
      terminal.println(ServiceStopper.stop(files));
      return ExitCode.DONE;
    }
    Path config = location.config();
    if (config == null) {
      throw new RefusedException("the service needs a configuration: use --config FILE");
    }
    files.create();
    if (detach) {
      String address = new DetachedStarter(root.context(), location, config, takeover).start();
      terminal.println("serving: API on %s, log in %s".formatted(address, files.log()));
      return ExitCode.DONE;
    }
    try (HomeOwner owner = new HomeOwner(location, files, takeover)) {
      if (!takeover) {
        owner.takeNow();
      }
      return serve(config, files, owner);
    }
  }

  private int serve(Path config, HomeFiles files, HomeOwner owner)
      throws IOException, InterruptedException {
    configureLog(files);
    RunningService service = root.context().starter().start(config, files.home(), owner);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> shutDown(service, owner), "shutdown"));
    root.context()
        .terminal()
        .println("serving: API on %s, log in %s".formatted(service.address(), files.log()));
    if (!isOnTerminal()) {
      HangupSignal.handle(service::reload);
    }
    service.awaitHandover(); // A signal ends the process before.
    return ExitCode.DONE;
  }

  /** Whether a hang-up means that the terminal is gone, with which the service is to end. */
  @SuppressWarnings("SystemConsoleNull") // without standard input there is still none
  private static boolean isOnTerminal() {
    Console console = System.console();
    return !Boolean.getBoolean("orchestrator.detached") && console != null && console.isTerminal();
  }

  /** Called before the first logger exists: the file gets stack traces too, a console does not. */
  private static void configureLog(HomeFiles files) {
    System.setProperty("logback.configurationFile", "logback-serve.xml");
    System.setProperty("orchestrator.log.file", files.log().toString());
    System.setProperty(
        "orchestrator.log.console",
        Boolean.getBoolean("orchestrator.detached") ? "NONE" : "CONSOLE");
  }

  /** Ends the process with exit code 0: a stop that was asked for is not a failure. */
  private static void shutDown(RunningService service, HomeOwner owner) {
    service.close();
    try {
      owner.close();
    } catch (IOException e) {
      // The process id that is left names no live process, which its readers find out.
      System.err.println("can't release the home: " + e.getMessage());
    }
    Runtime.getRuntime().halt(ExitCode.DONE);
  }
}
