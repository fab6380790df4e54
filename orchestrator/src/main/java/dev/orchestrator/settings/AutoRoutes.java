package dev.orchestrator.settings;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import java.util.AbstractList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The routes of a stack with {@code routes = auto}: those that a version's compose file publishes.
 * Empty until a version is known; they may be set only while the routes are closed. A version's
 * routes are kept among its ports, in the image and in the journal, so that they are known without
 * an engine. Any thread.
 */
public final class AutoRoutes extends AbstractList<RouteSettings> {
  private static final Pattern KEY =
      Pattern.compile(
          "route (?<name>\\S+) (?<host>\\S+):(?<first>\\d+)-(?<last>\\d+) "
              + "(?<service>\\S+):(?<port>\\d+)/(?<protocol>tcp|udp)");

  private volatile List<RouteSettings> routes = List.of();

  /** The key of a route among the ports of a version. */
  public static String key(RouteSettings route) {
    return "route %s %s:%d-%d %s:%d/%s"
        .formatted(
            route.name(),
            route.listen().host(),
            route.listen().first(),
            route.listen().last(),
            route.service(),
            route.servicePort(),
            route.options().protocol().name().toLowerCase(Locale.ROOT));
  }

  /** The routes among the keys of a version's ports, in the order of their names. */
  public static List<RouteSettings> parse(Collection<String> keys) {
    return keys.stream().sorted().flatMap(key -> parse(key).stream()).toList();
  }

  private static Optional<RouteSettings> parse(String key) {
    Matcher parts = KEY.matcher(key);
    if (!parts.matches()) {
      return Optional.empty();
    }
    RouteSettings route =
        new RouteSettings(
            parts.group("name"),
            new ListenAddress(
                parts.group("host"),
                Integer.parseInt(parts.group("first")),
                Integer.parseInt(parts.group("last"))),
            parts.group("service"),
            Integer.parseInt(parts.group("port")),
            RouteOptions.of(Protocol.valueOf(parts.group("protocol").toUpperCase(Locale.ROOT))));
    return Optional.of(route.withUsualPath());
  }

  /** Takes the routes of a version over. */
  public void set(List<RouteSettings> version) {
    routes = List.copyOf(version);
  }

  @Override
  public RouteSettings get(int index) {
    return routes.get(index);
  }

  @Override
  public int size() {
    return routes.size();
  }
}
