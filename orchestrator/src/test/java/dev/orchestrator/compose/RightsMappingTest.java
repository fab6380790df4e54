package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.compose.HostGrants.Limit;
import dev.orchestrator.settings.GrantSettings;
import dev.orchestrator.settings.GrantSettings.DockerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rights of services: had, granted, or refused with the line that grants them. */
class RightsMappingTest {
  @TempDir Path release;
  private GrantSettings grants = GrantSettings.NONE;
  private HostFacts host = ComposeModelFixture.HOST;
  private ComposeModel model = ComposeModelFixture.of(Path.of("/"), "{}");
  private final ComposeFindings findings = new ComposeFindings("here");

  private RightsMapping map(String services) {
    Set<String> usual = new TreeSet<>(CapsuleRights.USUAL.capabilities());
    usual.add("SYS_ADMIN");
    model = ComposeModelFixture.of(release, "{services: {" + services + "}}");
    RightsMapping rights =
        new RightsMapping(
            findings, grants, host, new CapsuleRights(usual, Map.of()), model.services());
    rights.apply();
    return rights;
  }

  private void grant(List<String> capabilities, String... devices) {
    grants = new GrantSettings(List.of(), DockerSocket.NONE, false, capabilities, List.of(devices));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          cap_add: ['SYS_TIME'] | cap_add: a capsule lacks SYS_TIME: add to stack.conf: security.capabilities += SYS_TIME
          cap_add: ['FLY'] | cap_add: FLY is no capability of Linux
          privileged: true | security.mode = privileged
          devices: [{source: '/dev/dri', target: '/dev/dri'}] | add to stack.conf: security.devices += "/dev/dri"
          devices: [{source: '/dev/ttyUSB7'}] | devices: the host doesn't have /dev/ttyUSB7: remove it
          devices: ['vendor.com/gpu=all'] | vendor.com/gpu=all is not below /dev
          device_cgroup_rules: ['c 188:* rmw'] | security.devices += "c 188:* rmw"
          deploy: {resources: {reservations: {devices: [{driver: 'nvidia'}]}}} | devices: ["/dev/dri"]
          runtime: 'nvidia' | runtime: a capsule's engine has runc alone
          storage_opt: {size: '1G'} | storage_opt: a capsule's engine can't limit
          logging: {driver: 'journald'} | logging: a capsule has no journald
          oom_score_adj: -500 | security.capabilities += SYS_RESOURCE
          network_mode: 'container:gone' | network_mode: a capsule has no container gone
          volumes_from: ['container:gone'] | volumes_from: a capsule has no container gone
          """)
  void whatACapsuleLacksIsRefusedWithServiceKeyAndWhatGrantsIt(String key, String said) {
    map("vpn: {" + key + "}");
    assertEquals(1, findings.refusals().size(), findings.refusals().toString());
    String line = findings.refusals().getFirst();
    assertTrue(line.startsWith("service vpn: "), line);
    assertTrue(line.contains(said), line);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          cap_add: ['NET_RAW', 'cap_sys_admin', 'SYS_NICE']
          devices: [{source: '/dev/net/tun'}, {source: '/dev/fuse'}, {source: '/dev/null'}]
          devices: [{source: '/dev/dri/card0'}]
          device_cgroup_rules: ['c 188:1 rw']
          runtime: 'runc'
          shm_size: '64', init: true, read_only: true, tmpfs: ['/x:size=1m']
          logging: {driver: 'json-file'}
          oom_score_adj: 100
          security_opt: ['no-new-privileges:true', 'apparmor:unconfined', 'label:disable']
          network_mode: 'service:other'
          ulimits: {nofile: 65536}
          sysctls: {'net.core.somaxconn': '1024'}
          """)
  void whatACapsuleHasOrIsGrantedIsTaken(String key) {
    grant(List.of("SYS_NICE"), "/dev/dri", "c 188:* rwm");
    map("vpn: {" + key + "}");
    assertEquals(List.of(), findings.refusals());
    assertEquals(List.of(), findings.warnings());
  }

  @Test
  void allOfAMailSuitesProblemsAreSaidAtOnce() {
    map(
        "a: {cap_add: ['SYS_TIME', 'SYS_NICE'], privileged: true}, b: {runtime: 'x', devices:"
            + " [{source: '/dev/gone'}]}");
    assertEquals(5, findings.refusals().size(), findings.refusals().toString());
  }

  @Test
  void devicesOfVpnsComeAlongWithoutAGrantWhereTheyAreUsed() {
    assertEquals(
        List.of("/dev/net/tun"), map("vpn: {devices: [{source: '/dev/net/tun'}]}").devices());
    assertEquals(List.of(), map("web: {}").devices());
  }

  @Test
  void aGrantOfADeviceThatTheHostLacksIsRefused() {
    grant(List.of(), "/dev/kfd");
    map("web: {}");
    assertTrue(findings.refusals().getFirst().contains("/dev/kfd"), findings.refusals() + "");
  }

  @Test
  void theCapsuleHasTheHighestLimitThatAServiceAsksFor() {
    RightsMapping rights =
        map(
            "a: {ulimits: {nofile: 100, memlock: {soft: -1, hard: -1}}}, b: {ulimits: {nofile:"
                + " {soft: 50, hard: 200}, memlock: 5}}");
    assertEquals(
        Map.of("nofile", new Limit(100, 200), "memlock", new Limit(-1, -1)), rights.limits());
  }

  /** Under plain Compose one service's limits are no other's. */
  @Test
  void theOtherServicesKeepTheLimitsThatTheEngineGives() {
    host =
        new HostFacts(
            Set.of(),
            List.of(),
            Map.of(),
            Map.of("nofile", new Limit(1024, 4096), "nproc", new Limit(500, -1)),
            "",
            "");
    RightsMapping rights =
        map("a: {ulimits: {nofile: 9000, nproc: 100}}, b: {}, c: {ulimits: {nofile: 10}}");
    assertEquals(Map.of("nofile", new Limit(9000, 9000)), rights.limits());
    assertEquals("{\"nofile\":9000,\"nproc\":100}", ulimits("a"));
    assertEquals("{\"nofile\":{\"soft\":1024,\"hard\":4096}}", ulimits("b"));
    assertEquals("{\"nofile\":10}", ulimits("c"));
  }

  private String ulimits(String service) {
    return model.root().at("/services/" + service + "/ulimits").toString();
  }

  @Test
  void aContainerOfTheStackIsItsService() {
    map(
        "vpn: {container_name: 'gluetun'}, a: {network_mode: 'container:gluetun'}, b: {pid:"
            + " 'container:vpn', ipc: 'container:home-vpn-1'}");
    assertEquals(List.of(), findings.refusals());
    assertEquals("service:vpn", model.root().at("/services/a/network_mode").asText());
    assertEquals(
        "service_started", model.root().at("/services/a/depends_on/vpn/condition").asText());
    assertEquals("service:vpn", model.root().at("/services/b/pid").asText());
    assertEquals("service:vpn", model.root().at("/services/b/ipc").asText());
  }

  @ParameterizedTest
  @CsvSource({
    "shop-my-db-1, my-db",
    "shop_my-db_1, my-db",
    "shop-db-1, db",
    "my-db, my-db",
    "db, db"
  })
  void aContainersNameIsOfTheServiceWithTheLongestName(String container, String service) {
    map("db: {}, my-db: {}, a: {pid: 'container:%s'}".formatted(container));
    assertEquals("service:" + service, model.root().at("/services/a/pid").asText());
  }

  @Test
  void theHostsNameSpacesAreTheCapsulesAndThatIsSaid() {
    map("node: {pid: 'host', ipc: 'host', uts: 'host', cgroup: 'host'}");
    assertEquals(List.of(), findings.refusals());
    assertEquals(4, findings.warnings().size());
    assertTrue(findings.warnings().getFirst().startsWith("service node: pid: host is the capsule"));
  }

  @Test
  void allCapabilitiesAreThoseOfTheCapsuleAndThatIsSaid() {
    map("a: {cap_add: ['ALL']}");
    assertEquals(List.of(), findings.refusals());
    assertTrue(findings.warnings().getFirst().contains("NET_RAW"), findings.warnings() + "");
  }

  @Test
  void withAllRightsNothingIsRefused() {
    grants = new GrantSettings(List.of(), DockerSocket.NONE, true, List.of(), List.of());
    map(
        "a: {privileged: true, cap_add: ['SYS_TIME', 'ALL'], oom_score_adj: -5,"
            + " device_cgroup_rules: ['c 1:1 r'], devices: [{source: '/dev/dri'}]}");
    assertEquals(List.of(), findings.refusals());
    assertEquals(List.of(), findings.warnings());
  }
}
