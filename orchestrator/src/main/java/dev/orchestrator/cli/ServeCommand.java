package dev.orchestrator.cli;

import dev.orchestrator.Refusal;
import dev.orchestrator.api.HomeFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code serve [--detach | --stop]}. */
@Command(name = "serve", description = "Runs the service: routes, API, schedule.")
final class ServeCommand implements Callable<Integer> {
  private final RootCommand root;

  @ArgGroup private final Mode mode = new Mode();

  /** At most one of them. */
  static final class Mode {
    @Option(names = "--detach", description = "Run it in the background, return once it answers.")
    private boolean detach;

    @Option(names = "--stop", description = "Stop the service that runs on this home.")
    private boolean stop;
  }

  ServeCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Location location = root.location();
    HomeFiles files = new HomeFiles(location.home());
    Terminal terminal = root.context().terminal();
    if (mode.stop) {
      terminal.line(ServiceStop.stop(files));
      return ExitCode.DONE;
    }
    Path config = location.config();
    if (config == null) {
      throw new Refusal("the service needs a configuration: use --config FILE");
    }
    files.create();
    if (mode.detach) {
      String address = new DetachedStart(root.context(), location, config).start();
      terminal.line("serving: API on %s, log in %s".formatted(address, files.log()));
      return ExitCode.DONE;
    }
    try (HomeLock _ =
        HomeLock.take(files).orElseThrow(() -> new Refusal(ServiceStop.running(files)))) {
      return serve(config, files);
    }
  }

  private int serve(Path config, HomeFiles files) throws IOException, InterruptedException {
    // In this order: whoever sees our pid knows that an address is ours too.
    Files.deleteIfExists(files.address());
    PidFile.ofThisProcess().write(files);
    configureLog(files);
    RunningService service = root.context().starter().start(config, files.home());
    Runtime.getRuntime().addShutdownHook(new Thread(() -> shutDown(service, files), "shutdown"));
    root.context()
        .terminal()
        .line("serving: API on %s, log in %s".formatted(service.address(), files.log()));
    new CountDownLatch(1).await(); // Until a signal.
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
  private static void shutDown(RunningService service, HomeFiles files) {
    service.close();
    try {
      Files.deleteIfExists(files.pid());
    } catch (IOException e) {
      // It names a process that is gone: whoever reads it finds that out.
      System.err.println("can't remove " + files.pid());
    }
    Runtime.getRuntime().halt(ExitCode.DONE);
  }
}
