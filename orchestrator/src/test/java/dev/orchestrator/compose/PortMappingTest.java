package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.settings.AutoRoutes;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.RoutePath;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.testing.LightStackFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The ports of a capsule on which the ports of services are published. */
class PortMappingTest {
  private ComposeModel model = ComposeModelFixture.of(Path.of("/"), "{}");
  private List<String> warnings = List.of();

  @Test
  void composeFilesOwnPortIsTaken() {
    assertEquals(
        Map.of("web:80", 8080),
        map("{web: {ports: [{target: 80, published: '8080', host_ip: '127.0.0.1'}]}}", "web:80"));
    assertFalse(model.root().at("/services/web/ports/0").has("host_ip"));
    assertEquals(1, model.root().at("/services/web/ports").size());
  }

  @Test
  void anUnpublishedPortIsPublishedUnderItsOwnNumberIfThatIsFree() {
    assertEquals(
        Map.of("web:80", 80, "app:80", 20000, "db:3306", 3306),
        map("{web: {}, app: {}, db: {ports: [{target: 3306}]}}", "web:80", "app:80", "db:3306"));
    assertEquals("20000", model.root().at("/services/app/ports/0/published").asText());
  }

  @Test
  void portOfANetworkThatIsSharedIsPublishedByItsOwner() {
    assertEquals(
        Map.of("torrent:8080", 8080),
        map("{vpn: {}, torrent: {network_mode: 'service:vpn'}}", "torrent:8080"));
    assertEquals(1, model.root().at("/services/vpn/ports").size());
    assertFalse(model.root().at("/services/torrent").has("ports"));
  }

  @Test
  void hostNetworkIsTheCapsulesOwn() {
    assertEquals(Map.of("a:53", 53), map("{a: {network_mode: 'host'}}", "a:53"));
    assertFalse(model.root().at("/services/a").has("ports"));
  }

  @Test
  void aPublishedUdpPortDoesNotServeARoute() {
    assertEquals(
        Map.of("t:6881", 6881),
        map("{t: {ports: [{target: 6881, published: '6881', protocol: 'udp'}]}}", "t:6881"));
    assertEquals(2, model.root().at("/services/t/ports").size());
  }

  @Test
  void aUdpRouteHasAPortOfItsOwnBesideTheSameTcpPort() {
    assertEquals(
        Map.of("dns:53", 53, "dns:53/udp", 5353, "vpn:51820/udp", 51820),
        map(
            "{dns: {ports: [{target: 53, published: '5353', protocol: 'udp'}]}, vpn: {}}",
            List.of(
                new RouteSettings("dns-tcp", "0.0.0.0", 53, "dns", 53),
                udp("dns-udp", 53, "dns"),
                udp("vpn", 51820, "vpn")),
            List.of()));
    assertEquals("udp", model.root().at("/services/vpn/ports/0/protocol").asText());
    RefusedException twice =
        assertThrows(
            RefusedException.class,
            () ->
                map(
                    "{a: {ports: [{target: 1, published: '53', protocol: 'udp'}]},"
                        + "b: {ports: [{target: 2, published: '53', protocol: 'udp'}]}}"));
    assertEquals(
        "here: services a and b both publish port 53/udp: change one of them", twice.getMessage());
  }

  private static RouteSettings udp(String name, int port, String service) {
    return new RouteSettings(
        name, new ListenAddress("0.0.0.0", port), service, port, RouteOptions.of(Protocol.UDP));
  }

  @Test
  void samePortTwiceIsRefused() {
    RefusedException e =
        assertThrows(
            RefusedException.class,
            () ->
                map(
                    "{a: {ports: [{target: 80, published: '80'}]},"
                        + "b: {ports: [{target: 81, published: '80'}]}}"));
    assertEquals("here: services a and b both publish port 80: change one of them", e.getMessage());
  }

  /** Compose means different ports by that, when the addresses of the host differ. */
  @Test
  void thePortOfAnotherAddressOfTheHostIsAnotherPort() {
    assertEquals(
        Map.of("a:80", 80, "b:81", 81, "c:80", 20000),
        map(
            "{a: {ports: [{target: 80, published: '80', host_ip: '127.0.0.1'}]},"
                + "b: {ports: [{target: 81, published: '80', host_ip: '192.0.2.1'}]},"
                + "c: {ports: [{target: 80, published: '80', host_ip: '192.0.2.2'}]}}",
            "a:80",
            "b:81",
            "c:80"));
    assertEquals(1, model.root().at("/services/b/ports").size());
    assertThrows(
        RefusedException.class,
        () ->
            map(
                "{a: {ports: [{target: 80, published: '80', host_ip: '127.0.0.1'}]},"
                    + "b: {ports: [{target: 81, published: '80'}]}}"));
  }

  @Test
  void aPortThatIsPublishedOnTwoAddressesIsPublishedOnce() {
    assertEquals(
        Map.of("a:80", 8080),
        map(
            "{a: {ports: [{target: 80, published: '8080', host_ip: '0.0.0.0'},"
                + "{target: 80, published: '8080', host_ip: '::'}]}}",
            "a:80"));
    assertEquals(1, model.root().at("/services/a/ports").size());
  }

  /** Replicas can't share a port: each has one of a range, also where the file names one port. */
  @Test
  void eachReplicaHasAPortOfItsOwn() {
    assertEquals(
        Map.of("a:80", 20000, "a:80#2", 20001, "a:80#3", 20002, "b:80", 20003, "b:80#2", 20004),
        map(
            "{a: {scale: 3, ports: [{target: 80, published: '8080'}]},"
                + "b: {deploy: {replicas: 2}}}",
            "a:80",
            "b:80"));
    assertEquals("20000-20002", model.root().at("/services/a/ports/0/published").asText());
    assertEquals(1, model.root().at("/services/a/ports").size());
    assertEquals(
        List.of(20000, 20001, 20002),
        ServicePorts.find(Map.of("a:80", 20000, "a:80#2", 20001, "a:80#3", 20002), "a:80"));
  }

  /** Under plain Compose clients reach them. */
  @Test
  void publishedPortsWithoutARouteAreSaidWithTheLineToAdd() {
    map(
        "{web: {ports: [{target: 80, published: '8080'}, {target: 443, published: '443',"
            + " host_ip: '192.0.2.1'}]},"
            + "vpn: {ports: [{target: 9000, published: '9000'}]},"
            + "torrent: {network_mode: 'service:vpn'},"
            + "'Dns.1': {ports: [{target: 53, published: '53', protocol: 'udp'},"
            + "{target: 5000, published: '6000'}, {target: 5001, published: '6001'}]}}",
        "web:80",
        "torrent:9000");
    assertEquals(
        List.of(
            "service Dns.1: ports: no route leads to 53/udp, so that clients can't reach it: add to"
                + " routes in stack.conf: { name = dns-1, listen = \"0.0.0.0:53\", service ="
                + " \"Dns.1\", port = 53, protocol = udp }",
            "service Dns.1: ports: no route leads to 6000-6001, so that clients can't reach it: add"
                + " to routes in stack.conf: { name = dns-1-6000, listen = \"0.0.0.0:6000-6001\","
                + " service = \"Dns.1\", port = 5000 }",
            "service web: ports: no route leads to 443, so that clients can't reach it: add to"
                + " routes in stack.conf: { name = web, listen = \"192.0.2.1:443\", service = web,"
                + " port = 443 }"),
        warnings);
  }

  @Test
  void routesOfTheFileAreKeptWithTheVersion() {
    AutoRoutes routes = new AutoRoutes();
    String services =
        "{web: {ports: [{target: 80, published: '8080'},"
            + "{target: 9000, published: '9000', host_ip: '::1'}]},"
            + "dns: {ports: [{target: 53, published: '53', protocol: 'udp'}]}}";
    Map<String, Integer> ports = map(services, routes, List.of());
    assertEquals(List.of(), warnings);
    List<RouteSettings> made = AutoRoutes.parse(ports.keySet());
    assertEquals(
        List.of(
            udp("dns", 53, "dns").withPath(RoutePath.AUTO),
            new RouteSettings("web", "0.0.0.0", 8080, "web", 80).withPath(RoutePath.AUTO),
            new RouteSettings("web-9000", "::1", 9000, "web", 9000)),
        made);
    assertEquals(8080, ports.get("web:80"));
    assertEquals(53, ports.get("dns:53/udp"));

    routes.set(made.subList(0, 2));
    map("{web: {ports: [{target: 80, published: '80'}]}}", routes, List.of());
    assertEquals(
        List.of(
            "this version publishes 0.0.0.0:80 (service web), which the version that serves"
                + " doesn't: the route opens when the service starts the next time (serve"
                + " --takeover)",
            "this version doesn't publish 0.0.0.0:53/udp (service dns) any more: the route stays"
                + " open, and leads nowhere, until the service starts the next time (serve"
                + " --takeover)",
            "this version doesn't publish 0.0.0.0:8080 (service web) any more: the route stays"
                + " open, and leads nowhere, until the service starts the next time (serve"
                + " --takeover)"),
        warnings);
  }

  @Test
  void aStackWhoseRoutesAllLeadToUnknownServicesIsRefusedWithTheKnownOnes() {
    RefusedException route =
        assertThrows(RefusedException.class, () -> map("{a: {}, b: {}}", "web:80"));
    assertEquals(
        "here: route r0 in /stack/stack.conf is for service web, which the compose file doesn't"
            + " have; its services are: a, b",
        route.getMessage());
    assertThrows(RefusedException.class, () -> map("{a: {network_mode: 'none'}}", "a:80"));
  }

  @Test
  void aRouteOrProbeOfAServiceThatOnlyAnotherVersionHasIsLeftOutAndSaid() {
    Duration second = Duration.ofSeconds(1);
    assertEquals(
        Map.of("a:80", 80),
        map(
            "{a: {}}",
            List.of(
                new RouteSettings("web", "0.0.0.0", 1000, "a", 80),
                new RouteSettings("shop", "0.0.0.0", 1001, "cart", 81)),
            List.of(
                new Probe("front", "cart", new Probe.Tcp(81), second),
                new Probe("inside", "cart", new Probe.Exec(List.of("true")), second))));
    assertEquals(
        List.of(
            "route shop is for service cart, which the compose file doesn't have: it leads nowhere"
                + " in this version; its services are: a",
            "probe front is for service cart, which the compose file doesn't have: it is not asked"
                + " of this version; its services are: a",
            "probe inside is for service cart, which the compose file doesn't have: it is not asked"
                + " of this version; its services are: a"),
        warnings);
  }

  private Map<String, Integer> map(String services, String... routes) {
    List<RouteSettings> all = new ArrayList<>();
    for (String route : routes) {
      String[] parts = route.split(":", 2);
      all.add(
          new RouteSettings(
              "r" + all.size(),
              "0.0.0.0",
              1000 + all.size(),
              parts[0],
              Integer.parseInt(parts[1])));
    }
    return map(services, all, List.of());
  }

  private Map<String, Integer> map(
      String services, List<RouteSettings> routes, List<Probe> probes) {
    model = ComposeModelFixture.of(Path.of("/"), "{services: %s}".formatted(services));
    Path folder = Path.of("/stack");
    StackSettings light = new LightStackFixture("demo", folder, folder).stack(1);
    StackSettings stack =
        new StackSettings("demo", folder, routes, probes, light.upgrade(), light.data());
    ComposeFindings findings = new ComposeFindings("here");
    PortMapping mapping = new PortMapping(findings, stack, model.services());
    Map<String, Integer> ports = mapping.apply();
    findings.throwIfRefused();
    warnings = findings.warnings();
    return ports;
  }
}
