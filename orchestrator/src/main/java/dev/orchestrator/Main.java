package dev.orchestrator;

import dev.orchestrator.cli.Cli;
import dev.orchestrator.cli.CliContext;
import dev.orchestrator.cli.RunningService;
import java.nio.file.Path;

/**
 * Where the program starts. Everything that only the service needs is reached through {@link
 * #startService} alone, so that a client command never loads it.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    CliContext context = CliContext.ofProcess(Main.class.getName(), Main::startService);
    System.exit(Cli.run(context, arguments));
  }

  private static RunningService startService(Path config, Path home) {
    throw new Refusal("this build has no service: " + config + ", " + home);
  }
}
