package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.settings.RouteSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Services with the host's network: only where stack.conf grants it. */
class HostNetworkTest {
  private static final String PATH = "/proc/1/ns/net";

  private final ComposeFindings findings = new ComposeFindings("here");
  private final ComposeModel model =
      ComposeModelFixture.of(
          Path.of("/"),
          "{services: {hub: {network_mode: 'host'}, side: {network_mode: 'service:hub'}, db: {}}}");
  private String path = PATH;

  private HostNetwork map(boolean granted, RouteSettings... routes) {
    HostFacts host = new HostFacts(Set.of(), List.of(), Map.of(), Map.of(), path, "");
    HostNetwork network = new HostNetwork(findings, granted, host);
    network.apply(model.services(), List.of(routes));
    return network;
  }

  @Test
  void withoutTheGrantItIsTheCapsulesAndThePlanSaysWhatGrantsIt() {
    assertEquals(List.of(), map(false).paths());
    assertFalse(model.root().at("/services/hub").has("runtime"));
    assertEquals(
        List.of(
            "service hub: network_mode: host is the capsule's network here, not the host's: clients"
                + " reach it by routes alone, and broadcasts and multicasts (mDNS, DLNA,"
                + " Wake-on-LAN) don't get in or out; security.host-network = true in stack.conf"
                + " gives it the host's"),
        findings.warnings());
  }

  @Test
  void withTheGrantTheServiceAloneIsInTheHosts() {
    HostNetwork network = map(true, new RouteSettings("web", "0.0.0.0", 80, "hub", 8123));
    assertEquals(List.of(new HostGrants.Path(PATH, true, "rprivate")), network.paths());
    assertEquals("host-network", model.root().at("/services/hub/runtime").asText());
    assertFalse(model.root().at("/services/side").has("runtime"), "it is in that of hub");
    assertFalse(model.root().at("/services/db").has("runtime"));
    assertEquals(List.of(), findings.refusals());
    assertEquals(
        List.of(
            "service hub: network_mode: host: it opens its ports on the host itself: clients that"
                + " use those, and not a route, are refused while no version runs in an upgrade"),
        findings.warnings());
  }

  @Test
  void routesThatCanNotWorkAreRefused() {
    map(
        true,
        new RouteSettings("web", "0.0.0.0", 8123, "hub", 8123),
        new RouteSettings(
            "beacon", new ListenAddress("0.0.0.0", 9), "hub", 9, RouteOptions.of(Protocol.UDP)));
    assertEquals(
        List.of(
            "route web listens on port 8123 of the host, which service hub in the host's network"
                + " (security.host-network) opens itself: let the route listen on another port",
            "route beacon: service hub is in the host's network (security.host-network), where no"
                + " udp route leads to: remove the route; clients reach the port of the host"),
        findings.refusals());
  }

  @Test
  void anEngineThatCanNotGiveItIsSaidBeforeAnythingStarts() {
    path = "";
    map(true);
    assertEquals(
        List.of(
            "service hub: network_mode: security.host-network = true in stack.conf: the engine"
                + " can't give a container the host's network (/proc/1/ns/net): remove the setting,"
                + " and the service is in the capsule's network"),
        findings.refusals());
  }
}
