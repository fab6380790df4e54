package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.client.HomeOwner;
import dev.orchestrator.client.RunningService;
import dev.orchestrator.client.ServiceLocation;
import dev.orchestrator.client.ServiceStopper;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.home.HomeFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code serve [--detach] [--takeover]}, {@code serve --stop}. */
@Command(name = "serve", description = "Runs the service: routes, API, schedule.")
final class ServeCommand implements Callable<Integer> {
  private final RootCommand root;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Option(names = "--detach", description = "Run it in the background, return once it answers.")
  private boolean detach;

  @Option(
      names = "--takeover",
      description = {
        "Take the routes over from the service that runs on this home, without a client refused;",
        "it lets its connections end and leaves. Refused while an upgrade runs."
      })
  private boolean takeover;

  @Option(names = "--stop", description = "Stop the service that runs on this home.")
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
            spec.commandLine(), "--stop and the other options are mutually exclusive");
      }
      terminal.line(ServiceStopper.stop(files));
      return ExitCode.DONE;
    }
    Path config = location.config();
    if (config == null) {
      throw new RefusedException("the service needs a configuration: use --config FILE");
    }
    files.create();
    if (detach) {
      String address = new DetachedStarter(root.context(), location, config, takeover).start();
      terminal.line("serving: API on %s, log in %s".formatted(address, files.log()));
      return ExitCode.DONE;
    }
    try (HomeOwner tenant = new HomeOwner(location, files, takeover)) {
      if (!takeover) {
        tenant.takeFree();
      }
      return serve(config, files, tenant);
    }
  }

  private int serve(Path config, HomeFiles files, HomeOwner tenant)
      throws IOException, InterruptedException {
    configureLog(files);
    RunningService service = root.context().starter().start(config, files.home(), tenant);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> shutDown(service, tenant), "shutdown"));
    root.context()
        .terminal()
        .line("serving: API on %s, log in %s".formatted(service.address(), files.log()));
    service.awaitSuccession(); // Or a signal.
    return ExitCode.DONE;
  }

  /** Before the first logger: the file has everything, a console only the lines. */
  private static void configureLog(HomeFiles files) {
    System.setProperty("logback.configurationFile", "logback-serve.xml");
    System.setProperty("orchestrator.log.file", files.log().toString());
    System.setProperty(
        "orchestrator.log.console",
        Boolean.getBoolean("orchestrator.detached") ? "NONE" : "CONSOLE");
  }

  /** An ordered stop is a success, not death by a signal. */
  private static void shutDown(RunningService service, HomeOwner tenant) {
    service.close();
    try {
      tenant.close();
    } catch (IOException e) {
      // What is left names a process that is gone: whoever reads it finds that out.
      System.err.println("can't leave the home: " + e.getMessage());
    }
    Runtime.getRuntime().halt(ExitCode.DONE);
  }
}
