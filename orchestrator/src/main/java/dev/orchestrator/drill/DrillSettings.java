package dev.orchestrator.drill;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.settings.Settings.ScheduleSettings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.settings.UpgradeSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The settings of a drill's service: those of the user's service, but with routes on other ports of
 * loopback, without a schedule or backups, and with a short bake.
 */
public final class DrillSettings {
  /** Environment variable of a drill's service: the first port of each route. */
  public static final String VARIABLE = "ORCHESTRATOR_DRILL";

  /** Environment variable of a drill's service: the name of the stack. */
  public static final String STACK = "ORCHESTRATOR_DRILL_STACK";

  /** A drill has an upgrade for each step: with a longer bake it would be waiting for bakes. */
  private static final Duration MOST_BAKE = Duration.ofSeconds(3);

  private static final String LOOPBACK = "127.0.0.1";

  private DrillSettings() {}

  /** The value of {@link #VARIABLE}. */
  static String format(List<Integer> ports) {
    return ports.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  /** Reads a value of {@link #VARIABLE}. */
  public static List<Integer> parsePorts(String text) {
    return Arrays.stream(text.split(",", -1))
        .filter(port -> !port.isEmpty())
        .map(Integer::valueOf)
        .toList();
  }

  /**
   * Changes the settings of a service into those of a drill, which no client can reach.
   *
   * @param ports the first port of each route, in the order of the routes
   */
  public static Settings of(Settings settings, List<Integer> ports) {
    StackSettings stack = settings.stack();
    List<RouteSettings> routes = new ArrayList<>();
    for (int i = 0; i < stack.routes().size(); i++) {
      routes.add(onLoopback(stack.routes().get(i), ports.get(i)));
    }
    UpgradeSettings limits = stack.upgrade();
    return new Settings(
        settings.file(),
        settings.home(),
        settings.engine(),
        new ApiSettings(LOOPBACK, 0),
        settings.image(),
        new ScheduleSettings(null, settings.schedule().zone()),
        settings.takeover(),
        stack
            .withRoutes(List.copyOf(routes))
            .withUpgrade(
                limits
                    .with(limits.bake().compareTo(MOST_BAKE) < 0 ? limits.bake() : MOST_BAKE, 1)
                    .withoutBackup())
            .withGrants(stack.grants().forRehearsal())
            .withBackup(BackupSettings.NONE));
  }

  private static RouteSettings onLoopback(RouteSettings route, int port) {
    return new RouteSettings(
        route.name(),
        new ListenAddress(LOOPBACK, port, port + route.servicePorts().size() - 1),
        route.service(),
        route.servicePort(),
        RouteOptions.of(route.options().protocol())
            .withProxyProtocol(route.options().sendProxyProtocol(), false),
        route.verify());
  }

  /** Ends this process when its input ends, as nobody else ends it when the drill was killed. */
  public static void exitWithParent() {
    Thread.ofPlatform()
        .daemon()
        .name("parent")
        .start(() -> {
          try {
            // The drill never writes: this returns at its end.
            long _ = System.in.transferTo(OutputStream.nullOutputStream());
          } catch (IOException e) {
            System.err.println("the drill has ended: " + e.getMessage());
          }
          Runtime.getRuntime().halt(1);
        });
  }
}
