package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.testing.LightStackFixture;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComposeTransformTest {
  private static final String SERVICES =
      "{services: {ledger: {image: 'ledger:1', restart: 'always', build: {context: 'PROJECT'},"
          + "env_file: ['x'], command: ['echo', '$$HOME']}, greeter: {image: 'greeter'}}%s}";

  @TempDir Path release;
  private final ComposeTransform transform =
      new ComposeTransform(
          new LightStackFixture("demo", Path.of("/stack"), Path.of("/home")).stack(1));

  @Test
  void servicesRunTheirLocalImagesAndNothingIsPulled() {
    ComposeModel model = ComposeModelFixture.of(release, SERVICES.formatted(""));
    CapsuleStack made =
        transform.apply(
            model,
            Map.of(
                "ledger",
                new InnerImage("ledger", "orchestrator/demo-ledger:1", "sha256:1", List.of("/d"))));

    assertEquals(
        "{\"image\":\"orchestrator/demo-ledger:1\",\"restart\":\"always\",\"command\":[\"echo\",\"$$HOME\"],\"hostname\":\"ledger\"}",
        made.compose()
            .withObject("/services/ledger")
            .deepCopy()
            .without(List.of("pull_policy", "ports", "volumes"))
            .toString());
    assertEquals("never", made.compose().at("/services/greeter/pull_policy").asText());
    assertEquals("greeter", made.compose().at("/services/greeter/image").asText());
    assertEquals(Map.of("ledger:80", 80, "greeter:7000", 7000), made.ports());
    assertEquals(1, made.dirs().size());
    assertTrue(model.root().at("/services/ledger").has("build"));
  }

  @Test
  void externalNetworkIsRefused() {
    ComposeModel model =
        ComposeModelFixture.of(
            release, SERVICES.formatted(", networks: {proxy: {external: true}}"));
    RefusedException e =
        assertThrows(RefusedException.class, () -> transform.apply(model, Map.of()));
    assertEquals(
        "version v1 of stack demo: network proxy: external: a capsule has only the networks of its"
            + " own stack, and can't see this one of the host: remove 'external: true' (the network"
            + " is then made in the capsule, for the services of this file alone), and reach other"
            + " stacks by an address of the host",
        e.getMessage());
  }

  @Test
  void aServiceWithoutReplicasIsNotRunAndNobodyWaitsForIt() {
    ComposeModel model =
        ComposeModelFixture.of(
            release,
            "{services: {ledger: {depends_on: {cron: {condition: 'service_healthy'}}},"
                + "greeter: {}, cron: {deploy: {replicas: 0}}}}");
    CapsuleStack made = transform.apply(model, Map.of());
    assertFalse(made.compose().at("/services").has("cron"));
    assertEquals("{}", made.compose().at("/services/ledger/depends_on").toString());
    assertEquals(List.of("service cron has no replicas (0): it is not run"), made.warnings());
    assertEquals(Set.of("ledger", "greeter"), model.services().keySet());
  }

  @Test
  void allProblemsAreSaidAtOnce() {
    ComposeModel model =
        ComposeModelFixture.of(
            release,
            "{services: {ledger: {volumes: [{type: 'bind', source: '/srv/x', target: '/x'}]},"
                + "greeter: {volumes: [{type: 'cluster', target: '/y'}]}},"
                + "networks: {proxy: {external: true}}, volumes: {media: {driver: 'rclone'}}}");
    RefusedException e =
        assertThrows(RefusedException.class, () -> transform.apply(model, Map.of()));
    List<String> lines = String.valueOf(e.getMessage()).lines().toList();
    assertEquals("version v1 of stack demo: 4 problems:", lines.getFirst());
    for (String part : List.of("network proxy", "volume media", "service greeter", "/srv/x")) {
      assertEquals(1, lines.stream().filter(line -> line.contains(part)).count(), part);
    }
  }

  @Test
  void stackWithoutServicesIsRefused() {
    ComposeModel model = ComposeModelFixture.of(release, "{services: {}}");
    assertThrows(RefusedException.class, () -> transform.apply(model, Map.of()));
  }
}
