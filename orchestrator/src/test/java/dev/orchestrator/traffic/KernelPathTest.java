package dev.orchestrator.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.netfilter.LeadRules.Lead;
import dev.orchestrator.netfilter.TrackedConnection;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.settings.RoutePath;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.testing.FakePacketFilter;
import dev.orchestrator.testing.FreePorts;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * When the kernel leads clients past the proxy, and when it does not, on a packet filter in memory.
 */
@Timeout(60)
class KernelPathTest {
  private static final Duration HOLD = Duration.ofSeconds(20);
  private static final String TABLE = "orchestrator_h_shop";
  private static final Backend BLUE = backend("blue", "172.17.0.2");
  private static final Backend GREEN = backend("green", "172.17.0.3");

  private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
  private final FakePacketFilter filter = new FakePacketFilter();
  private final int port = FreePorts.next();
  private ServiceTraffic service = new ServiceTraffic(vertx, InheritedSockets.none(), filter, "h");

  @AfterEach
  void close() {
    service.close();
    vertx.close().await();
  }

  private static Backend backend(String name, String address) {
    return new Backend(name, Map.of("web", List.of(new Target(address, 80))));
  }

  private RouteSettings web(RoutePath path) {
    return new RouteSettings("web", "0.0.0.0", port, "web", 80).withPath(path);
  }

  private ProxyTraffic serve(RouteSettings route) {
    ProxyTraffic traffic = service.of("shop", List.of(route));
    traffic.open(HOLD);
    traffic.switchTo(BLUE);
    traffic.leadByKernel(BLUE);
    return traffic;
  }

  private static Traffic.PathState path(ProxyTraffic traffic) {
    return traffic.routes().getFirst().path();
  }

  private void assertLed(String address) {
    assertEquals(
        List.of(new Lead("web", false, "", port, address, 80, true)), filter.tables.get(TABLE));
  }

  private void assertLedNowhere() {
    assertEquals(List.of(), filter.tables.getOrDefault(TABLE, List.of()));
  }

  @Test
  void betweenRunsTheKernelLeadsToWhatServes() {
    ProxyTraffic traffic = serve(web(RoutePath.KERNEL));
    assertLed("172.17.0.2");
    assertTrue(path(traffic).kernel());
    assertEquals(BLUE, traffic.ledByKernel().orElseThrow());
    assertEquals(7, path(traffic).connections());
    assertEquals(7, traffic.routes().getFirst().total());
  }

  @Test
  void aHoldComesAfterTheLastConnectionThatIsLed() {
    ProxyTraffic traffic = serve(web(RoutePath.KERNEL));
    List<String> gates = new ArrayList<>();
    filter.beforeChange = change -> gates.add(traffic.routes().getFirst().gate());
    traffic.hold(HOLD);
    assertLedNowhere();
    assertEquals(List.of("open to blue"), gates, "what is not led any more finds the gate open");
    assertEquals("held", traffic.routes().getFirst().gate());
    assertFalse(path(traffic).kernel());
    assertFalse(path(traffic).why().isEmpty());

    traffic.switchTo(GREEN);
    assertLedNowhere();
    traffic.leadByKernel(GREEN);
    assertLed("172.17.0.3");
  }

  @Test
  void aHoldFailsWhereTheKernelWouldLeadOn() {
    ProxyTraffic traffic = serve(web(RoutePath.KERNEL));
    filter.failure = "nft: no";
    assertThrows(RefusedException.class, () -> traffic.hold(HOLD));
    assertEquals("open to blue", traffic.routes().getFirst().gate(), "nobody waits for nothing");
    traffic.switchTo(BLUE);
    traffic.switchTo(GREEN);
    assertEquals("open to green", traffic.routes().getFirst().gate(), "nobody is left waiting");
    filter.failure = "";
  }

  @Test
  void aSwitchGoesThroughTheProxy() {
    ProxyTraffic traffic = serve(web(RoutePath.KERNEL));
    traffic.switchTo(GREEN);
    assertLedNowhere();
  }

  @Test
  void aDrainWaitsForWhatTheKernelHasLed() {
    ProxyTraffic traffic = serve(web(RoutePath.KERNEL));
    filter.connections.add(
        new TrackedConnection(false, "ESTABLISHED", "10.0.0.1", port, "172.17.0.2"));
    filter.connections.add(
        new TrackedConnection(false, "TIME_WAIT", "10.0.0.1", port, "172.17.0.2"));
    filter.connections.add(
        new TrackedConnection(false, "ESTABLISHED", "10.0.0.1", 1, "172.17.0.2"));
    assertEquals(1, traffic.routes().getFirst().open());
    traffic.hold(HOLD);
    assertEquals(new DrainResult(0, 1), traffic.drain(Duration.ofMillis(120)));
    assertEquals(List.of(), filter.cuts, "it ends with its service");
    assertEquals(new DrainResult(0, 1), traffic.drain(Duration.ZERO));
    assertEquals(List.of("tcp 172.17.0.2"), filter.cuts);
    assertEquals(new DrainResult(0, 0), traffic.drain(Duration.ZERO));
  }

  @Test
  void aSwitchCutsWhatIsLeftOfAServiceThatIsFrozen() {
    ProxyTraffic traffic = serve(web(RoutePath.KERNEL));
    TrackedConnection toBlue =
        new TrackedConnection(false, "ESTABLISHED", "10.0.0.1", port, "172.17.0.2");
    filter.connections.add(toBlue);
    traffic.hold(HOLD);
    traffic.drain(Duration.ofMillis(1));
    traffic.switchTo(BLUE);
    assertEquals(List.of(toBlue), filter.connections, "blue was thawed, and goes on");
    traffic.hold(HOLD);
    List<String> gates = new ArrayList<>();
    filter.beforeCut = () -> gates.add(traffic.routes().getFirst().gate());
    traffic.switchTo(GREEN);
    assertEquals(List.of("tcp 172.17.0.2"), filter.cuts);
    assertEquals(List.of("open to green"), gates, "those that wait are not kept from green");
  }

  @Test
  void clientsThatConnectToWhatIsGoneComeToTheProxyWithTheirNextTry() {
    ProxyTraffic traffic = serve(web(RoutePath.KERNEL));
    filter.connections.add(
        new TrackedConnection(false, "SYN_SENT", "10.0.0.1", port, "172.17.0.2"));
    traffic.leadByProxy(BLUE);
    assertLedNowhere();
    assertEquals(List.of("tcp 172.17.0.2"), filter.cuts);
  }

  @Test
  void clientsOfUdpGoToTheProxyAfterADrain() {
    RouteSettings dns =
        new RouteSettings(
                "web", new ListenAddress("0.0.0.0", port), "web", 80, RouteOptions.of(Protocol.UDP))
            .withPath(RoutePath.KERNEL);
    ProxyTraffic traffic = serve(dns);
    assertEquals(
        List.of(new Lead("web", true, "", port, "172.17.0.2", 80, false)),
        filter.tables.get(TABLE));
    filter.connections.add(new TrackedConnection(true, "", "10.0.0.1", port, "172.17.0.2"));
    traffic.hold(HOLD);
    traffic.drain(Duration.ofSeconds(10));
    assertEquals(List.of("udp 172.17.0.2"), filter.cuts);
  }

  @Test
  void aHostThatCannotLeavesClientsToTheProxyAndSaysWhy() {
    filter.obstacle = "the program nft is not installed";
    ProxyTraffic traffic = serve(web(RoutePath.KERNEL));
    assertEquals(Map.of(), filter.tables);
    assertEquals("the program nft is not installed", path(traffic).why());
    filter.obstacle = "";
    filter.bridge = "";
    traffic.leadByKernel(BLUE);
    assertTrue(path(traffic).why().contains("172.17.0.2 is in no network"), path(traffic).why());
    filter.bridge = "docker0";
    traffic.leadByKernel(BLUE);
    assertLed("172.17.0.2");
    filter.obstacle = "this host forwards no packets";
    traffic.leadByKernel(BLUE);
    assertEquals(Map.of(), filter.tables, "what was led is not any more");
  }

  @Test
  void autoPassesByNoFirewallAndKernelDoesAsAsked() {
    filter.firewallRules = "chain INPUT of iptables";
    ProxyTraffic traffic = serve(web(RoutePath.AUTO));
    assertEquals(Map.of(), filter.tables);
    assertTrue(path(traffic).why().contains("chain INPUT of iptables"), path(traffic).why());
    filter.firewallRules = "";
    traffic.leadByKernel(BLUE);
    assertLed("172.17.0.2");
    service.remove("shop");
    filter.firewallRules = "chain INPUT of iptables";
    ProxyTraffic _ = serve(web(RoutePath.KERNEL));
    assertLed("172.17.0.2");
  }

  @Test
  void whatOnlyTheProxyCanDoStaysThere() {
    filter.failure = "nothing may be changed";
    assertFalse(service.of("a", List.of(web(RoutePath.PROXY))).mayLeadByKernel());
    RouteSettings loopback =
        new RouteSettings("web", "127.0.0.1", port, "web", 80).withPath(RoutePath.KERNEL);
    ProxyTraffic own = serve(loopback);
    assertTrue(path(own).why().contains("own programs"), path(own).why());
    service.remove("shop");
    RouteSettings http =
        new RouteSettings(
                "web", new ListenAddress("", port), "web", 80, RouteOptions.of(Protocol.HTTP))
            .withPath(RoutePath.AUTO);
    ProxyTraffic requests = serve(http);
    assertTrue(path(requests).why().contains("http"), path(requests).why());
    assertFalse(own.mayLeadByKernel(), "nothing to try again every minute");
    assertFalse(requests.mayLeadByKernel());
    requests.leadByKernel(
        new Backend("two", Map.of("web", List.of(new Target("172.17.0.2", 80, 2)))));
    filter.failure = "";
  }

  @Test
  void rulesGoWithTheStackAndWithTheService() {
    ProxyTraffic traffic = serve(web(RoutePath.KERNEL));
    traffic.stopListening();
    assertEquals(Map.of(), filter.tables);
    serve(web(RoutePath.KERNEL));
    service.close();
    assertEquals(Map.of(), filter.tables);
  }

  @Test
  void rulesStayWhereAnotherProcessTakesOver() {
    serve(web(RoutePath.KERNEL));
    service.leave(Duration.ZERO);
    service.close();
    assertLed("172.17.0.2");
  }

  @Test
  void whatAKilledProcessHasLeftIsFoundByTheNext() {
    filter.tables.put(TABLE, List.of(new Lead("web", false, "", port, "172.17.0.9", 80, true)));
    filter.tables.put(
        "orchestrator_h_gone", List.of(new Lead("web", false, "", 1, "172.17.0.8", 80, true)));
    filter.tables.put(
        "orchestrator_other_shop", List.of(new Lead("web", false, "", 1, "172.17.0.8", 80, true)));
    service = new ServiceTraffic(vertx, InheritedSockets.none(), filter, "h");
    ProxyTraffic traffic = service.of("shop", List.of(web(RoutePath.PROXY)));
    traffic.open(HOLD);
    assertTrue(traffic.mayLeadByKernel(), "there is something to remove");
    traffic.switchTo(BLUE);
    assertLedNowhere();
    service.settle();
    assertFalse(filter.tables.containsKey("orchestrator_h_gone"));
    assertTrue(filter.tables.containsKey("orchestrator_other_shop"), "of another home");
    traffic.leadByKernel(BLUE);
    assertFalse(filter.tables.containsKey(TABLE));
  }

  @Test
  void routesThatAreReadAnewShareTheRules() {
    serve(web(RoutePath.KERNEL));
    int other = FreePorts.next();
    RouteSettings moved =
        new RouteSettings("web", "0.0.0.0", other, "web", 80).withPath(RoutePath.KERNEL);
    serve(moved);
    assertEquals(
        List.of(new Lead("web", false, "", other, "172.17.0.2", 80, true)),
        filter.tables.get(TABLE));
    service.restoreReplaced("shop");
    service.of("shop", List.of(web(RoutePath.KERNEL))).leadByKernel(BLUE);
    assertLed("172.17.0.2");
  }
}
