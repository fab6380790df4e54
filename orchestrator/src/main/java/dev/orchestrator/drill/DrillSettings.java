package dev.orchestrator.drill;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.RouteOptions;
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
 * A user's settings as the services of a drill have them: the same stack, routes on loopback ports
 * of its own, no schedule, a short bake.
 */
public final class DrillSettings {
  /** Set for the processes of a drill: the first port of each route. */
  public static final String VARIABLE = "ORCHESTRATOR_DRILL";

  /** Each step is killed once and gone back from: a long bake would be all that is seen. */
  private static final Duration BAKE = Duration.ofSeconds(3);

  private static final String LOOPBACK = "127.0.0.1";

  private DrillSettings() {}

  /** What {@link #VARIABLE} says. */
  public static String text(List<Integer> ports) {
    return ports.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  /** The reverse of {@link #text}. */
  public static List<Integer> ports(String text) {
    return Arrays.stream(text.split(",", -1))
        .filter(port -> !port.isEmpty())
        .map(Integer::valueOf)
        .toList();
  }

  /**
   * Moves everything out of the public's sight.
   *
   * @param ports the first of each route, in their order
   */
  public static Settings of(Settings real, List<Integer> ports) {
    StackSettings stack = real.stack();
    List<RouteSettings> routes = new ArrayList<>();
    for (int i = 0; i < stack.routes().size(); i++) {
      routes.add(hidden(stack.routes().get(i), ports.get(i)));
    }
    UpgradeSettings limits = stack.upgrade();
    return new Settings(
        real.file(),
        real.home(),
        real.engine(),
        new ApiSettings(LOOPBACK, 0),
        real.image(),
        new ScheduleSettings(null, real.schedule().zone()),
        real.takeover(),
        new StackSettings(
            stack.name(),
            stack.folder(),
            List.copyOf(routes),
            stack.probes(),
            limits.with(limits.bake().compareTo(BAKE) < 0 ? limits.bake() : BAKE, 1),
            stack.data()));
  }

  private static RouteSettings hidden(RouteSettings route, int port) {
    return new RouteSettings(
        route.name(),
        new ListenAddress(LOOPBACK, port, port + route.servicePorts().size() - 1),
        route.service(),
        route.servicePort(),
        RouteOptions.of(route.options().protocol())
            .withProxyProtocol(route.options().sendProxyProtocol(), false));
  }

  /** A process of a drill that was killed has nobody to end it: it ends with its input. */
  public static void endWithParent() {
    Thread.ofPlatform()
        .daemon()
        .name("parent")
        .start(() -> {
          try {
            // Nobody writes there.
            long _ = System.in.transferTo(OutputStream.nullOutputStream());
          } catch (IOException e) {
            System.err.println("the drill is gone: " + e.getMessage());
          }
          Runtime.getRuntime().halt(1);
        });
  }
}
