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
 * Where the program starts. Everything that only the service needs is reached through {@link
 * #startService} alone, so that a client command never loads it.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    CliContext context = CliContext.ofProcess(Main.class.getName(), Main::startService);
    System.exit(Cli.run(context, arguments));
  }

  private static RunningService startService(Path config, Path home, HomeOwnership tenancy) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    // The command line has decided already: --home goes before the variable and the file.
    environment.put(HomeFolder.VARIABLE, home.toString());
    Settings settings = SettingsLoader.load(config, environment);
    String drill = environment.get(DrillSettings.VARIABLE);
    if (drill != null) {
      DrillSettings.endWithParent();
      settings = DrillSettings.of(settings, DrillSettings.ports(drill));
    }
    return Service.start(settings, tenancy);
  }
}
