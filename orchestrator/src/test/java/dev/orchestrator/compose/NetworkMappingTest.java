package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Networks that a capsule can't have, and host names that stay the same. */
class NetworkMappingTest {
  private final ComposeFindings findings = new ComposeFindings("here");
  private ComposeModel model = ComposeModelFixture.of(Path.of("/"), "{}");

  @Test
  void aSubnetThatOverlapsWithTheCapsulesOwnIsRefused() {
    map("{}", "{default: {ipam: {config: [{subnet: '172.17.128.0/24'}]}}}");
    assertEquals(
        List.of(
            "network default: ipam: the subnet 172.17.128.0/24 overlaps with 172.17.0.0/16, the"
                + " network of the host that capsules are in: nobody could reach the services;"
                + " write another subnet"),
        findings.refusals());
  }

  @Test
  void networksOfTheFileMayNotOverlap() {
    map(
        "{}",
        "{a: {ipam: {config: [{subnet: '10.5.0.0/16'}, {subnet: 'fd00:1::/64'}]}},"
            + "b: {ipam: {config: [{subnet: '10.5.7.0/24'}, {subnet: 'fd00:1:0:1::/64'}]}}}");
    assertEquals(
        List.of(
            "network b: ipam: the subnet 10.5.7.0/24 overlaps with 10.5.0.0/16 of network a: write"
                + " another subnet"),
        findings.refusals());
  }

  /** As plain Compose has them: they work side by side in blue and green. */
  @Test
  void fixedSubnetsStaticAddressesAliasesAndInternalNetworksAreKept() {
    String networks =
        "{front: {ipam: {config: [{subnet: '10.5.0.0/24', gateway: '10.5.0.1'}]}, driver:"
            + " 'bridge'},back: {internal: true, enable_ipv6: true,ipam: {config: [{subnet:"
            + " 'fd00:5::/64'}]}}}";
    map("{web: {networks: {front: {ipv4_address: '10.5.0.9', aliases: ['www']}}}}", networks);
    assertEquals(List.of(), findings.refusals());
    assertEquals(List.of(), findings.warnings());
    ComposeModel before =
        ComposeModelFixture.of(Path.of("/"), "{networks: %s}".formatted(networks));
    assertEquals(before.root().path("networks"), model.root().path("networks"));
    assertEquals("10.5.0.9", model.root().at("/services/web/networks/front/ipv4_address").asText());
  }

  @Test
  void networksOfTheHostAreRefusedAllAtOnce() {
    map(
        "{web: {external_links: ['db']}}",
        "{proxy: {external: true}, lan: {driver: 'macvlan'}, data: {driver: 'overlay'}}");
    assertEquals(4, findings.refusals().size());
  }

  /** A container's id, which is new in each version, would be its host name. */
  @Test
  void aHostNameIsTheServicesInEveryVersion() {
    map(
        "{app: {}, named: {hostname: 'mail.example.org'}, torrent: {network_mode: 'service:app'},"
            + "beacon: {network_mode: 'host'}, worker: {scale: 2}, alone: {network_mode: 'none'},"
            + "panel: {volumes: [{type: 'bind', source: '/var/run/docker.sock', target: '/s'}]}}",
        "{}");
    assertEquals("app", hostName("app"));
    assertEquals("mail.example.org", hostName("named"));
    assertEquals("alone", hostName("alone"));
    assertEquals("beacon", hostName("beacon"));
    assertEquals(
        "[\"beacon=127.0.0.1\"]",
        model.root().at("/services/beacon/extra_hosts").toString(),
        "a host name that nothing resolves stops many programs");
    for (String service : List.of("torrent", "worker", "panel")) {
      assertFalse(model.root().at("/services/" + service).has("hostname"), service);
    }
    assertEquals(
        List.of(
            "service worker: its replicas' host names are new in each version: state that it keeps"
                + " by host name begins empty"),
        findings.warnings());
  }

  private String hostName(String service) {
    return model.root().at("/services/" + service + "/hostname").asText();
  }

  private void map(String services, String networks) {
    model =
        ComposeModelFixture.of(
            Path.of("/"), "{services: %s, networks: %s}".formatted(services, networks));
    new NetworkMapping(findings, List.of("172.17.0.0/16")).apply(model);
  }
}
