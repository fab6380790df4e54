package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.ContainerDetails;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Containers that aren't what the files say. */
final class ContainerDriftTest {
  private static final String WEB =
      """
      {"services": {"web": {
        "image": "nginx:1", "environment": {"A": "1", "TOKEN": "s3cret$$"}, "command": ["run", "-x"],
        "volumes": [{"type": "volume", "source": "d", "target": "/data"},
                    {"type": "bind", "source": "/srv/conf", "target": "/conf/"}],
        "ports": [{"target": 80, "published": "8080", "protocol": "tcp"}]}}}
      """;

  private static List<String> drift(ContainerDetails container, Map<String, String> hashes) {
    Project project = ProjectFinder.of(List.of(container)).getFirst();
    return ContainerDrift.of(project, (ObjectNode) Json.tree(WEB), hashes);
  }

  private static ContainerFixture web() {
    return ContainerFixture.of("shop", "web")
        .env("A=1")
        .env("TOKEN=s3cret$")
        .env("PATH=/bin")
        .command("run", "-x")
        .volume("shop_d", "/data")
        .bind("/srv/conf", "/conf", false)
        .raw("{\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"8080\"}]}}}")
        .label(ComposeLabels.HASH, "h1");
  }

  @Test
  void aContainerAsTheFilesSayHasNone() {
    assertEquals(List.of(), drift(web().make(), Map.of()));
  }

  @Test
  void whatDiffersIsNamedWithoutValues() {
    List<String> lines =
        drift(
            ContainerFixture.of("shop", "web")
                .image("nginx:2")
                .env("A=1")
                .env("TOKEN=other")
                .command("run")
                .bind("/srv/old", "/conf", false)
                .make(),
            Map.of());
    assertEquals(
        List.of(
            "service web: image: the files say nginx:1, the container runs nginx:2",
            "service web: environment: TOKEN has another value in the files than in the container",
            "service web: command: the files have another one than the container",
            "service web: volumes: the files mount something at /data, the container doesn't",
            "service web: volumes: at /conf the files mount /srv/conf, the container has /srv/old",
            "service web: ports: the files publish 8080:80/tcp, the container doesn't"),
        lines);
    assertFalse(lines.toString().contains("s3cret"));
  }

  @Test
  void theHashOfComposeGoesBeforeALook() {
    assertEquals(
        List.of(),
        drift(
            ContainerFixture.of("shop", "web")
                .env("A=1")
                .env("TOKEN=s3cret$")
                .label(ComposeLabels.HASH, "h1")
                .make(),
            Map.of("web", "h1")));
  }

  @Test
  void aContainerThatAnotherProgramHasMadeAnewWithItsLabelsIsFound() {
    assertEquals(
        List.of("service web: environment: A has another value in the files than in the container"),
        drift(
            ContainerFixture.of("shop", "web")
                .env("A=2")
                .env("TOKEN=s3cret$")
                .label(ComposeLabels.HASH, "h1")
                .make(),
            Map.of("web", "h1")));
  }

  @Test
  void aServiceThatTheFilesHaveNoMoreIsNamed() {
    assertEquals(
        List.of("container shop-old-1 is of service old, which the files don't have"),
        drift(ContainerFixture.of("shop", "old").make(), Map.of()));
  }
}
