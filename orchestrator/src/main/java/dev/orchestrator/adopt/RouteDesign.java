package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.adopt.AdoptPlan.Cannot;
import dev.orchestrator.adopt.AdoptPlan.Probe;
import dev.orchestrator.adopt.AdoptPlan.Route;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerDetails.Port;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Makes routes of the ports that a project publishes, and probes of what answers there now. */
final class RouteDesign {
  private static final int LONGEST_RANGE = 1000;
  private static final Set<String> ALL = Set.of("", "0.0.0.0", "::");

  /** Labels and variables by which a proxy of the host finds a service. */
  private static final String PROXIES = "traefik\\..*|caddy(\\..*)?|(?i)VIRTUAL_HOST";

  /** Asks a port of the host what it speaks. */
  @FunctionalInterface
  interface Asker {
    PortQuestion.Answer ask(String host, int port);
  }

  /**
   * A published port, or a range of them.
   *
   * @param host empty for all addresses
   */
  private record Published(
      String service, String host, int first, int target, int ports, boolean udp) {
    boolean continues(Published next) {
      return service.equals(next.service)
          && host.equals(next.host)
          && udp == next.udp
          && first + ports == next.first
          && target + ports == next.target
          && ports < LONGEST_RANGE;
    }

    Published longer() {
      return new Published(service, host, first, target, ports + 1, udp);
    }
  }

  private final ReadProject read;
  private final Asker asker;
  private final List<Route> routes = new ArrayList<>();
  private final List<Probe> probes = new ArrayList<>();
  private final List<Cannot> cannot = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final Set<String> names = new HashSet<>();
  private final Map<String, PortQuestion.Answer> answers = new HashMap<>();

  RouteDesign(ReadProject read, Asker asker) {
    this.read = read;
    this.asker = asker;
  }

  List<Route> routes() {
    return routes;
  }

  List<Probe> probes() {
    return probes;
  }

  List<Cannot> cannot() {
    return cannot;
  }

  List<String> notes() {
    return notes;
  }

  /** Makes them. */
  void make() {
    Set<String> routed = new HashSet<>();
    for (Published port : published()) {
      routed.add(port.service());
      route(port);
    }
    read.services()
        .forEach((name, service) -> {
          boolean checked = checks(name, service);
          if (checked) {
            probes.add(new Probe(name, "its own health check", ""));
          } else if (!routed.contains(name)) {
            probes.add(new Probe(name, "that it runs: it has no health check and no route", ""));
          }
          if (service.path("network_mode").asText("").equals("host")) {
            hostNetwork(name);
          }
          if (!routed.contains(name)) {
            proxied(name, service);
          }
        });
    probes.sort((a, b) -> a.service().compareTo(b.service()));
  }

  private boolean checks(String name, JsonNode service) {
    JsonNode check = service.path("healthcheck");
    if (check.path("disable").asBoolean() || check.at("/test/0").asText("").equals("NONE")) {
      return false;
    }
    return check.has("test")
        || read.project().container(name).filter(one -> !one.health().isEmpty()).isPresent();
  }

  private List<Published> published() {
    Set<Published> all = new LinkedHashSet<>();
    read.services()
        .forEach((name, service) -> {
          for (JsonNode port : service.path("ports")) {
            boolean udp = port.path("protocol").asText("tcp").equals("udp");
            int target = port.path("target").asInt();
            String text = port.path("published").asText("");
            String host = port.path("host_ip").asText("");
            for (int first : publicPorts(name, text, target, udp)) {
              all.add(new Published(name, ALL.contains(host) ? "" : host, first, target, 1, udp));
            }
          }
        });
    List<Published> joined = new ArrayList<>();
    for (Published next : all) {
      if (!joined.isEmpty() && joined.getLast().continues(next)) {
        joined.set(joined.size() - 1, joined.getLast().longer());
      } else {
        joined.add(next);
      }
    }
    return joined;
  }

  /** The public ports of a service's port: more than one where replicas have one each. */
  private Set<Integer> publicPorts(String service, String published, int target, boolean udp) {
    int first = first(published);
    if (first > 0 && !published.contains("-")) {
      return Set.of(first);
    }
    Set<Integer> chosen = chosen(service, target, udp);
    if (chosen.isEmpty() && first > 0) {
      return Set.of(first);
    }
    if (chosen.isEmpty()) {
      cannot.add(
          new Cannot(
              "service %s: port %d has no public port of its own".formatted(service, target),
              "write a route with the port that clients are to use"));
    }
    for (int port : chosen) {
      notes.add(
          chosen.size() == 1
              ? "service %s: the engine has chosen the public port %d for its port %d; the route keeps it"
                  .formatted(service, port, target)
              : "service %s: its containers have a public port each for their port %d, %d is one: the route keeps it, and leads to all of them in turn"
                  .formatted(service, target, port));
    }
    return chosen;
  }

  private static int first(String published) {
    String text = published.replaceFirst("-.*", "");
    return text.matches("[1-9][0-9]{0,4}") && Integer.parseInt(text) <= 65_535
        ? Integer.parseInt(text)
        : 0;
  }

  private Set<Integer> chosen(String service, int target, boolean udp) {
    return read.project().containers().stream()
        .filter(container -> Project.service(container).equals(service))
        .flatMap(container -> container.ports().stream())
        .filter(port -> port.containerPort() == target && port.protocol().equals("udp") == udp)
        .map(Port::hostPort)
        .filter(port -> port > 0)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private void route(Published port) {
    String protocol = "tcp";
    String why;
    PortQuestion.Answer answer = PortQuestion.Answer.CLOSED;
    boolean runs =
        read.project().container(port.service()).filter(ContainerDetails::running).isPresent();
    if (port.udp()) {
      protocol = "udp";
      why = "published as udp";
    } else if (port.ports() > 1) {
      why = "a range of ports is not asked";
    } else if (!runs) {
      why = "it does not run, so that it can't be asked: write http if it speaks HTTP/1.1";
    } else {
      answer = ask(port);
      protocol = answer.http() ? "http" : "tcp";
      why =
          answer.http()
              ? "it answers GET / with %d%s"
                  .formatted(
                      answer.status(),
                      answer.title().isEmpty() ? "" : ", \"" + answer.title() + "\"")
              : answer.open() ? "it does not speak HTTP" : "it does not answer now";
    }
    Route route =
        new Route(
            name(port.service(), port.first(), protocol),
            listen(port.host(), port.first(), port.ports()),
            port.service(),
            port.target(),
            protocol,
            why);
    routes.add(route);
    boolean checked = checks(port.service(), read.root().path("services").path(port.service()));
    if (!checked) {
      probe(route, port, answer);
    }
  }

  private PortQuestion.Answer ask(Published port) {
    String host = port.host().isEmpty() ? "127.0.0.1" : port.host();
    return answers.computeIfAbsent(host + " " + port.first(), key -> asker.ask(host, port.first()));
  }

  private void probe(Route route, Published port, PortQuestion.Answer answer) {
    String service = port.service();
    if (answer.http() && answer.status() < 500) {
      String body = answer.title().isEmpty() ? "" : pattern(answer.title());
      probes.add(
          new Probe(
              service,
              "GET / on port %d is answered %d%s, as now"
                  .formatted(
                      port.target(),
                      answer.status(),
                      body.isEmpty() ? "" : " with \"" + answer.title() + "\""),
              "{ name = %s, service = %s, http { port = %d, path = \"/\", status = %d%s } }"
                  .formatted(
                      route.name(),
                      EnvText.conf(service),
                      port.target(),
                      answer.status(),
                      body.isEmpty() ? "" : ", body = " + EnvText.conf(body))));
    } else if (answer.http()) {
      probes.add(
          new Probe(
              service,
              "none: it answers GET / with %d now, which is an error of its own"
                  .formatted(answer.status()),
              ""));
    } else if (route.protocol().equals("udp")) {
      if (probes.stream().noneMatch(one -> one.service().equals(service))) {
        probes.add(new Probe(service, "that it runs: a udp port can't be asked", ""));
      }
    } else {
      probes.add(
          new Probe(
              service,
              port.ports() > 1
                  ? "that it runs: of a range of ports it may open some alone"
                  : "that it accepts connections on port %d, as its route says"
                      .formatted(port.target()),
              ""));
    }
  }

  /** A title as a regular expression that means itself. */
  static String pattern(String title) {
    StringBuilder pattern = new StringBuilder();
    for (int i = 0; i < title.length(); i++) {
      char c = title.charAt(i);
      if (Character.isWhitespace(c)) {
        pattern.append("\\s+");
      } else {
        if ("\\.[]{}()*+-?^$|/#&~".indexOf(c) >= 0) {
          pattern.append('\\');
        }
        pattern.append(c);
      }
    }
    return pattern.toString().replaceAll("(\\\\s\\+)+", "\\\\s+");
  }

  private String listen(String host, int first, int ports) {
    String numbers = first + (ports == 1 ? "" : "-" + (first + ports - 1));
    return host.isEmpty()
        ? numbers
        : (host.contains(":") ? "[" + host + "]" : host) + ":" + numbers;
  }

  private String name(String service, int port, String protocol) {
    String plain =
        service.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_-]", "-").replaceFirst("^[_-]+", "");
    String base = plain.isEmpty() ? "route" : plain.substring(0, Math.min(28, plain.length()));
    for (String name : List.of(base, base + "-" + port, base + "-" + port + "-" + protocol)) {
      if (names.add(name)) {
        return name;
      }
    }
    String last = base + "-" + port + "-" + names.size();
    names.add(last);
    return last;
  }

  private void hostNetwork(String service) {
    cannot.add(
        new Cannot(
            "service %s is in the network of the host (network_mode: host); in a stack that is the capsule's"
                .formatted(service),
            "write a route for each port that clients use; or, for mDNS, DLNA or DHCP,"
                + " security.host-network = true in stack.conf"));
  }

  private void proxied(String name, JsonNode service) {
    List<String> marks = new ArrayList<>();
    service.path("labels").fieldNames().forEachRemaining(marks::add);
    service.path("environment").fieldNames().forEachRemaining(marks::add);
    marks.stream()
        .filter(mark -> mark.matches(PROXIES))
        .findFirst()
        .ifPresent(mark ->
            cannot.add(
                new Cannot(
                    "service %s is found by a proxy of the host (%s), which can't see into a stack"
                        .formatted(name, mark),
                    "write a route, such as { name = %s, listen = \"127.0.0.1:18080\", service = %s, port = …, protocol = http }, and lead the proxy there"
                        .formatted(name.toLowerCase(Locale.ROOT), name))));
  }
}
