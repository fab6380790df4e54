package dev.orchestrator.settings;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyProtocol;
import dev.orchestrator.proxy.config.RouteOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the {@code routes} of a stack.conf. */
final class RouteReader {
  private static final Pattern RANGE = Pattern.compile("(?<first>.*[0-9])-(?<last>[0-9]{1,5})");
  private static final int MOST_PORTS = 1000;
  private static final int LAST_PORT = 65_535;
  private static final Duration LEAST_UDP_IDLE = Duration.ofSeconds(1);
  private static final Duration LONGEST_IDLE = Duration.ofDays(7);
  private static final ListenAddress NONE = new ListenAddress(HostPort.ALL, 0);

  private final HostPort api;
  private final List<StackSettings> others;
  private final List<RouteSettings> routes = new ArrayList<>();

  private RouteReader(HostPort api, List<StackSettings> others) {
    this.api = api;
    this.others = others;
  }

  static List<RouteSettings> read(SettingsSection stack, HostPort api, List<StackSettings> others) {
    if (stack.find("routes").filter(value -> value.unwrapped() instanceof String).isPresent()) {
      if (!stack.text("routes").equals("auto")) {
        stack.addError(
            "routes",
            "\"%s\" is not known; write auto, for the ports that the compose file publishes, or a list: [ … ]"
                .formatted(stack.text("routes")));
      }
      return new AutoRoutes();
    }
    RouteReader reader = new RouteReader(api, others);
    stack.sections("routes").forEach(reader::read);
    return List.copyOf(reader.routes);
  }

  private void read(SettingsSection section) {
    String name = NameRules.read(section, "name", "web");
    if (!name.isEmpty() && routes.stream().anyMatch(other -> other.name().equals(name))) {
      section.addError(
          "name", "\"" + name + "\" is the name of another route; write a different name");
    }
    String text = section.text("listen", "\"127.0.0.1:8080\"");
    Protocol protocol = section.choice("protocol", Protocol.class, Protocol.TCP);
    ListenAddress listen = section.has("listen") ? listen(section, "listen", text, protocol) : NONE;
    String service = NameRules.service(section);
    int port = section.whole("port", 1, LAST_PORT);
    if (port + ports(listen) - 1 > LAST_PORT) {
      section.addError(
          "port",
          "%d and the %d ports behind it go beyond %d; write a smaller port"
              .formatted(port, ports(listen) - 1, LAST_PORT));
      port = 1;
    }
    RouteOptions options = options(section, protocol, listen);
    boolean one = listen.ports() == 1 && !protocol.isDatagram();
    boolean verify = section.flag("verify", one);
    if (verify && !one) {
      section.addError(
          "verify",
          "is for a tcp or http route with one port; leave it out, or write a route for that port");
    }
    RouteSettings route = new RouteSettings(name, listen, service, port, options, verify);
    routes.add(route.withPath(path(section, route)));
    section.rejectUnknownKeys();
  }

  private static RoutePath path(SettingsSection section, RouteSettings route) {
    RoutePath path = section.choice("path", RoutePath.class, route.usualPath());
    String needsProxy = route.needsProxy();
    if (path == RoutePath.KERNEL && !needsProxy.isEmpty()) {
      section.addError(
          "path",
          "kernel can't be with %s, which the proxy does; leave one of the two out"
              .formatted(needsProxy));
    }
    return path;
  }

  private static int ports(ListenAddress listen) {
    return listen.last() - listen.first() + 1;
  }

  private RouteOptions options(SettingsSection section, Protocol protocol, ListenAddress listen) {
    boolean trusted = section.flag("trust-forwarded", false);
    if (trusted && protocol != Protocol.HTTP) {
      section.addError(
          "trust-forwarded", "needs protocol = http; write that too, or leave this setting out");
    }
    RouteOptions options = RouteOptions.of(protocol);
    Duration leastIdle = protocol.isDatagram() ? LEAST_UDP_IDLE : Duration.ZERO;
    return proxyProtocol(section, options)
        .withIdleTimeout(
            section.time("idle-timeout", leastIdle, LONGEST_IDLE, options.idleTimeout()))
        .withTrustForwarded(trusted)
        .withPreview(section.has("preview") ? preview(section, protocol, listen) : null);
  }

  private static RouteOptions proxyProtocol(SettingsSection section, RouteOptions options) {
    ProxyProtocol sent = section.choice("proxy-protocol", ProxyProtocol.class, ProxyProtocol.OFF);
    boolean accepted = section.flag("accept-proxy-protocol", false);
    if (options.protocol().isDatagram()) {
      if (sent == ProxyProtocol.V1) {
        section.addError("proxy-protocol", "v1 has no udp; write v2, or leave this setting out");
        sent = ProxyProtocol.OFF;
      }
      if (accepted) {
        section.addError(
            "accept-proxy-protocol",
            "is not there for protocol = udp: the clients' own address is used; leave it out");
        accepted = false;
      }
    }
    return options.withProxyProtocol(sent, accepted);
  }

  private ListenAddress preview(SettingsSection section, Protocol protocol, ListenAddress listen) {
    ListenAddress preview = listen(section, "preview", section.text("preview"), protocol);
    if (preview.overlaps(listen)) {
      section.addError("preview", "overlaps the route's own listen; write another port");
    } else if (!listen.equals(NONE) && !preview.equals(NONE) && ports(preview) != ports(listen)) {
      section.addError(
          "preview",
          "has %d ports and listen has %d; give both as many ports"
              .formatted(ports(preview), ports(listen)));
    } else {
      return preview;
    }
    return NONE;
  }

  /**
   * Reads an address with a port or a range of ports; {@link #NONE} and an error when it is wrong.
   */
  private ListenAddress listen(
      SettingsSection section, String key, String text, Protocol protocol) {
    Matcher range = RANGE.matcher(text);
    Optional<ListenAddress> listen =
        range.matches()
            ? section.parsed(key, text, _ -> range(range.group("first"), range.group("last")))
            : section
                .parsed(key, text, address -> HostPort.parse(address, 1))
                .map(parsed -> new ListenAddress(parsed.host(), parsed.port()));
    listen.ifPresent(found -> rejectTaken(section, key, found, protocol.isDatagram()));
    return listen.orElse(NONE);
  }

  private static ListenAddress range(String first, String last) {
    HostPort from = HostPort.parse(first, 1);
    int to = Integer.parseInt(last);
    if (to > LAST_PORT || to <= from.port() || to - from.port() >= MOST_PORTS) {
      throw new IllegalArgumentException(
          "%d-%s is not a range; write FIRST-LAST, of at most %d ports"
              .formatted(from.port(), last, MOST_PORTS));
    }
    return new ListenAddress(from.host(), from.port(), to);
  }

  /** Datagrams have ports of their own: a udp route may have the number of a tcp route. */
  private void rejectTaken(
      SettingsSection section, String key, ListenAddress listen, boolean datagrams) {
    if (!datagrams && listen.overlaps(new ListenAddress(api.host(), api.port()))) {
      section.addError(key, api + " is the API's (api.listen); write another port");
    }
    String taken = owner(routes, listen, datagrams);
    for (StackSettings other : others) {
      String owner = taken.isEmpty() ? owner(other.routes(), listen, datagrams) : "";
      taken = owner.isEmpty() ? taken : owner + " of stack " + other.name();
    }
    if (!taken.isEmpty()) {
      section.addError(
          key, "port %s is taken by %s; write another port".formatted(numbers(listen), taken));
    }
  }

  /** Which of these routes has one of the ports; empty when none has. */
  private static String owner(List<RouteSettings> routes, ListenAddress listen, boolean datagrams) {
    for (RouteSettings route : routes) {
      ListenAddress preview = route.options().preview();
      if (route.options().protocol().isDatagram() != datagrams) {
        continue;
      }
      if (listen.overlaps(route.listen())) {
        return "route \"" + route.name() + "\"";
      }
      if (preview != null && listen.overlaps(preview)) {
        return "the preview of route \"" + route.name() + "\"";
      }
    }
    return "";
  }

  private static String numbers(ListenAddress listen) {
    return listen.first() + (listen.first() == listen.last() ? "" : "-" + listen.last());
  }
}
