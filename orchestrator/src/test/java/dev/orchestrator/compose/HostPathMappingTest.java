package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.GrantSettings;
import dev.orchestrator.settings.GrantSettings.DockerSocket;
import dev.orchestrator.settings.GrantSettings.HostPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Paths of the host in a capsule: granted, or refused with the line that grants them. */
class HostPathMappingTest {
  @TempDir Path release;
  private GrantSettings grants = GrantSettings.NONE;
  private Map<String, String> paths = Map.of();
  private final ComposeFindings findings = new ComposeFindings("here");
  private HostPathMapping hostPaths = ComposeModelFixture.hostPaths(findings);

  private void grant(DockerSocket socket, HostPath... granted) {
    grants = new GrantSettings(List.of(granted), socket, false, List.of(), List.of());
  }

  private JsonNode map(String json) {
    ComposeModel model = ComposeModelFixture.of(release, json);
    HostFacts host =
        new HostFacts(Set.of("/dev/net/tun"), List.of(), paths, Map.of(), "", "Europe/Berlin");
    hostPaths = ComposeModelFixture.hostPaths(findings, grants, host);
    DataMapping mapping =
        new DataMapping(
            findings, model, new VolumePaths(findings, List.of()), List.of(), hostPaths);
    for (Map.Entry<String, ObjectNode> service : model.services().entrySet()) {
      mapping.map(service.getKey(), service.getValue(), Map.of());
    }
    mapping.finish();
    hostPaths.finish();
    return model.root();
  }

  private JsonNode bind(String source, String more) {
    return map("{services: {a: {volumes: [{type: 'bind', source: '%s', target: '/t'%s}]}}}"
            .formatted(source, more))
        .at("/services/a/volumes/0");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /srv/media | | service a uses /srv/media of the host: add to stack.conf: data.host-paths += { path = "/srv/media", mode = rw }; or use
          /lib/modules | , read_only: true | data.host-paths += { path = "/lib/modules", mode = ro }
          /run/dbus | | data.host-paths += { path = "/run/dbus", mode = rw }
          /var/run/docker.sock | | docker-socket = inner
          /run/user/1000/docker.sock | , read_only: true | docker-socket = inner
          / | | which is the host's whole file system: no stack may have it
          /etc | | which has the host's passwords and settings: no stack may have it
          /var/lib/docker/volumes | | which is in /var/lib/docker, a Docker engine's own folder
          /var/lib | | which has /var/lib/docker in it
          /proc | , read_only: true | which is the host's kernel
          /sys/fs/cgroup | , read_only: true | which is the host's kernel
          /dev | | which is a place of devices
          /dev/dri | | volumes: the host doesn't have /dev/dri
          """)
  void eachRefusedPathHasTheLineThatGrantsIt(String source, String more, String said) {
    bind(source, more == null ? "" : more);
    assertEquals(1, findings.refusals().size(), findings.refusals() + "");
    assertTrue(findings.refusals().getFirst().contains(said), findings.refusals() + "");
  }

  @Test
  void aGrantedPathIsBelowHostWithWhatIsInIt() {
    grant(DockerSocket.NONE, new HostPath("/srv", false), new HostPath("/srv/media", true));
    paths = Map.of("/srv/media", "rslave");
    JsonNode mount = bind("/srv/media/films", ", bind: {create_host_path: true}");
    assertEquals("/host/srv/media/films", mount.path("source").asText());
    assertTrue(mount.path("read_only").asBoolean(), "the narrowest grant is read-only");
    assertEquals(List.of(new HostGrants.Path("/srv/media", true, "rslave")), hostPaths.paths());
    String warnings = findings.warnings().toString();
    assertTrue(warnings.contains("neither copied nor rolled back"), warnings);
    assertTrue(warnings.contains("no service of this version mounts /srv of the host"), warnings);
    // A folder that is missing can't be made where nobody may write.
    assertEquals(1, findings.refusals().size(), findings.refusals() + "");
    assertTrue(
        findings.refusals().getFirst().contains("/srv/media/films of the host, which isn't"));
  }

  @Test
  void aLinkOfTheReleaseThatLeadsToAGrantedPathIsThatPath() throws IOException {
    Files.createSymbolicLink(release.resolve("certs"), Path.of("/etc/letsencrypt/live"));
    Files.createSymbolicLink(release.resolve("tun"), Path.of("/dev/net/tun"));
    grant(DockerSocket.NONE, new HostPath("/etc/letsencrypt", true));
    paths = Map.of("/etc/letsencrypt", "rprivate", "/etc/letsencrypt/live/x", "rprivate");
    String json =
        "{services: {a: {volumes: [{type: 'bind', source: 'PROJECT/certs/x', target: '/c',"
            + " read_only: true}, {type: 'bind', source: 'PROJECT/tun', target:"
            + " '/dev/net/tun'}]}}}";
    JsonNode mounts = map(json).at("/services/a/volumes");
    assertEquals("/host/etc/letsencrypt/live/x", mounts.at("/0/source").asText());
    assertEquals("/dev/net/tun", mounts.at("/1/source").asText());
    assertEquals(List.of(), findings.refusals());
    HostQuestions questions = HostQuestions.of(ComposeModelFixture.of(release, json), grants);
    assertEquals(paths.keySet(), questions.paths().keySet());
    assertTrue(questions.devices());
  }

  @Test
  void aMissingFolderBelowAWritableGrantIsMadeAsComposeDoes() {
    grant(DockerSocket.NONE, new HostPath("/srv/media", false));
    paths = Map.of("/srv/media", "rprivate");
    JsonNode mount = bind("/srv/media/new", ", bind: {create_host_path: true}");
    assertEquals("/host/srv/media/new", mount.path("source").asText());
    assertFalse(mount.path("read_only").asBoolean());
    assertEquals(List.of(), findings.refusals());
  }

  @Test
  void aGrantOfAPathThatTheHostLacksIsRefused() {
    grant(DockerSocket.NONE, new HostPath("/srv/media", false));
    bind("/srv/media", "");
    assertTrue(
        findings
            .refusals()
            .getFirst()
            .contains("/srv/media, which isn't there on the engine's host"),
        findings.refusals() + "");
  }

  @Test
  void volumesConfigsAndSecretsMayBeOfTheHostToo() {
    grant(DockerSocket.NONE, new HostPath("/srv/x", false));
    paths = Map.of("/srv/x", "rslave", "/srv/x/vol", "rslave", "/srv/x/key", "rslave");
    JsonNode root =
        map(
            "{services: {a: {}}, volumes: {v: {driver_opts: {type: 'none', o: 'bind', device:"
                + " '/srv/x/vol'}}}, secrets: {s: {file: '/srv/x/key'}}}");
    assertEquals("/host/srv/x/vol", root.at("/volumes/v/driver_opts/device").asText());
    assertEquals("/host/srv/x/key", root.at("/secrets/s/file").asText());
    assertEquals(List.of(), findings.refusals());
  }

  @Test
  void theSocketIsThatOfTheCapsulesEngine() {
    grant(DockerSocket.INNER);
    assertEquals(
        "/run/capsule/engine.sock", bind("/var/run/docker.sock", "").path("source").asText());
    assertEquals(DockerSocket.INNER, hostPaths.socket());
    grant(DockerSocket.INNER_WRITE);
    assertEquals("/run/docker.sock", bind("/run/docker.sock", "").path("source").asText());
    assertEquals(List.of(), findings.refusals());
  }

  @Test
  void sharedMountsNeedASharedMountOfTheHost() {
    grant(DockerSocket.NONE, new HostPath("/srv/x", false));
    paths = Map.of("/srv/x", "rslave");
    bind("/srv/x", ", bind: {propagation: 'rshared'}");
    assertTrue(findings.refusals().getFirst().contains("write rslave"), findings.refusals() + "");
    paths = Map.of("/srv/x", "rshared");
    bind("/srv/x", ", bind: {propagation: 'rshared'}");
    assertEquals(1, findings.refusals().size());
    assertEquals("rshared", hostPaths.paths().getFirst().propagation());
    bind("PROJECT/data", ", bind: {propagation: 'rshared'}");
    assertEquals(2, findings.refusals().size());
  }

  @Test
  void aSeccompProfileIsAFileOfTheRelease() throws IOException {
    Files.writeString(release.resolve("profile.json"), "{}");
    JsonNode root =
        map("{services: {a: {security_opt: ['seccomp:./profile.json', 'seccomp:unconfined']}}}");
    assertEquals(
        "[\"seccomp:/capsule/stack/release/profile.json\",\"seccomp:unconfined\"]",
        root.at("/services/a/security_opt").toString());
    map("{services: {a: {security_opt: ['seccomp:gone.json']}}}");
    assertTrue(findings.refusals().getFirst().startsWith("service a: security_opt: the seccomp"));
  }

  @Test
  void grantsAsFlagsOfDockerRunAreReadBackAsTheyWere() {
    HostGrants all =
        new HostGrants(
            true,
            List.of(
                new HostGrants.Path("/srv/a b", true, "rslave"),
                new HostGrants.Path("/run/dbus", false, "rprivate")),
            List.of("/dev/dri"),
            List.of("c 188:* rwm"),
            List.of("SYS_NICE"),
            Map.of("memlock", new HostGrants.Limit(-1, -1), "nofile", new HostGrants.Limit(5, 9)),
            "Europe/Berlin");
    assertEquals(all, HostGrants.parse(all.flags()));
    assertEquals(HostGrants.NONE, HostGrants.parse(HostGrants.NONE.flags()));
    assertEquals("", HostGrants.NONE.flags());
  }
}
