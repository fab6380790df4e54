package dev.orchestrator.upgrade;

import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.settings.RouteSettings;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The ports at which the orchestrator of another host has opened the routes of a stack that it has
 * taken over: the label of an empty volume on its engine, as {@code web=8080 db=3306}.
 */
public final class AttachedRoutes {
  public static final String LABEL = "dev.orchestrator.routes";

  private AttachedRoutes() {}

  /** The name of the volume for a capsule's container. */
  public static String volume(String container) {
    return container + "-routes";
  }

  /** The label's value. */
  public static String text(List<RouteSettings> routes) {
    return routes.stream()
        .map(route -> route.name() + "=" + route.port())
        .collect(Collectors.joining(" "));
  }

  /**
   * Whether an address is this host's, as with two engines on one host: then the ports of the
   * routes are those of this service itself, and would lead in a circle.
   */
  static boolean isOfThisHost(String host) {
    try {
      for (InetAddress address : InetAddress.getAllByName(host)) {
        if (address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null) {
          return true;
        }
      }
      return false;
    } catch (UnknownHostException | SocketException _) {
      return false; // Nobody is led to an address that is none.
    }
  }

  /** Where our routes lead: to those of the same name there. */
  static Map<String, List<Target>> targets(String text, String host, List<RouteSettings> routes) {
    Map<String, Integer> ports = new HashMap<>();
    for (String each : text.split(" ", -1)) {
      int equals = each.lastIndexOf('=');
      if (equals > 0 && each.substring(equals + 1).matches("[0-9]{1,5}")) {
        ports.put(each.substring(0, equals), Integer.parseInt(each.substring(equals + 1)));
      }
    }
    Map<String, List<Target>> targets = new HashMap<>();
    for (RouteSettings route : routes) {
      int first = ports.getOrDefault(route.name(), route.port());
      targets.put(
          route.name(),
          IntStream.range(0, route.servicePorts().size())
              .mapToObj(i -> new Target(host, first + i))
              .toList());
    }
    return Map.copyOf(targets);
  }
}
