package dev.orchestrator;

import dev.orchestrator.cli.Cli;
import dev.orchestrator.cli.CliContext;
import dev.orchestrator.client.RunningService;
import dev.orchestrator.drill.DrillSettings;
import dev.orchestrator.home.HomeOwnership;
import dev.orchestrator.settings.HomeFolder;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.SettingsLoader;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The main class of the program. Only {@link #startService} reaches the classes of the service, so
 * that a client command does not load them.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    CliContext context = CliContext.ofProcess(Main.class.getName(), Main::startService);
    System.exit(Cli.run(context, arguments));
  }

  private static RunningService startService(Path config, Path home, HomeOwnership ownership) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    // The command line has found the home by the option, the variable and the file.
    environment.put(HomeFolder.VARIABLE, home.toString());
    String drillPorts = environment.get(DrillSettings.VARIABLE);
    if (drillPorts != null) {
      DrillSettings.exitWithParent();
      Settings settings =
          SettingsLoader.load(config, environment, environment.get(DrillSettings.STACK));
      return Service.start(
          DrillSettings.of(settings, DrillSettings.parsePorts(drillPorts)), ownership);
    }
    return Service.start(config, environment, ownership);
  }
}
