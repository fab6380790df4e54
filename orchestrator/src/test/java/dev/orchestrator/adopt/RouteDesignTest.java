package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.adopt.AdoptPlan.Route;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.ContainerDetails;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Routes of published ports, and probes of what answers there. */
final class RouteDesignTest {
  @TempDir Path dir;

  private RouteDesign design(
      String services, Map<Integer, PortQuestion.Answer> answers, ContainerDetails... containers) {
    ObjectNode root = (ObjectNode) Json.tree("{\"services\":" + services + "}");
    ReadProject read =
        new ReadProject(
            new Project("shop", dir, List.of(), List.of(), List.of(containers), ""),
            dir,
            ProjectFiles.read(dir, List.of(), List.of(), Map.of()),
            root,
            List.of(),
            List.of(),
            false,
            List.of());
    RouteDesign design =
        new RouteDesign(read, (_, port) -> answers.getOrDefault(port, PortQuestion.Answer.CLOSED));
    design.make();
    return design;
  }

  private static List<String> texts(RouteDesign design) {
    return design.routes().stream().map(RouteDesignTest::text).toList();
  }

  private static String text(Route route) {
    return "%s %s %s:%d %s"
        .formatted(route.name(), route.listen(), route.service(), route.port(), route.protocol());
  }

  @Test
  void aPortThatSpeaksHttpIsAnHttpRouteWithAProbeOfWhatItAnswers() {
    RouteDesign design =
        design(
            """
            {"web": {"ports": [{"target": 80, "published": "8080", "protocol": "tcp"},
                               {"target": 443, "published": "8443", "protocol": "tcp"}]}}
            """,
            Map.of(
                8080,
                new PortQuestion.Answer(true, 200, "Shop (front)"),
                8443,
                PortQuestion.Answer.NOT_HTTP),
            ContainerFixture.of("shop", "web").port(8080, 80).port(8443, 443).make());
    assertEquals(List.of("web 8080 web:80 http", "web-8443 8443 web:443 tcp"), texts(design));
    assertEquals(
        "{ name = web, service = \"web\", http { port = 80, path = \"/\", status = 200, body ="
            + " \"Shop\\\\s+\\\\(front\\\\)\" } }",
        design.probes().getFirst().line());
  }

  @Test
  void aServiceWithAHealthCheckNeedsNoProbe() {
    RouteDesign design =
        design(
            """
            {"web": {"healthcheck": {"test": ["CMD", "true"]},
                     "ports": [{"target": 80, "published": "8080", "host_ip": "127.0.0.1"}]},
             "job": {}}
            """,
            Map.of(8080, new PortQuestion.Answer(true, 200, "Shop")),
            ContainerFixture.of("shop", "web").health("healthy").make());
    assertEquals(List.of("web 127.0.0.1:8080 web:80 http"), texts(design));
    assertEquals(
        List.of(
            "job: that it runs: it has no health check and no route", "web: its own health check"),
        design.probes().stream().map(p -> p.service() + ": " + p.check()).toList());
  }

  @Test
  void aRangeIsOneRouteAndUdpAnother() {
    RouteDesign design =
        design(
            """
            {"p2p": {"ports": [{"target": 6881, "published": "6881"}, {"target": 6882, "published": "6882"},
                               {"target": 6881, "published": "6881", "protocol": "udp"},
                               {"target": 6881, "published": "6881", "protocol": "udp", "host_ip": "::"}]}}
            """,
            Map.of(),
            ContainerFixture.of("shop", "p2p").make());
    assertEquals(
        List.of("p2p 6881-6882 p2p:6881 tcp", "p2p-6881 6881 p2p:6881 udp"), texts(design));
  }

  @Test
  void aPortThatTheEngineChoseIsKept() {
    RouteDesign design =
        design(
            "{\"web\": {\"ports\": [{\"target\": 80}, {\"target\": 81}]}}",
            Map.of(),
            ContainerFixture.of("shop", "web").port(32768, 80).make());
    assertEquals(List.of("web 32768 web:80 tcp"), texts(design));
    assertTrue(design.cannot().getFirst().what().contains("port 81"), design.cannot().toString());
  }

  @Test
  void eachPublicPortOfReplicasIsKept() {
    RouteDesign design =
        design(
            "{\"web\": {\"ports\": [{\"target\": 80, \"published\": \"8081-8083\"}]}}",
            Map.of(),
            ContainerFixture.of("shop", "web", 1).port(8082, 80).make(),
            ContainerFixture.of("shop", "web", 2).port(8081, 80).make());
    assertEquals(List.of("web 8081 web:80 tcp", "web-8082 8082 web:80 tcp"), texts(design));
  }

  @Test
  void whatAnErrorAnswersIsNoProbe() {
    RouteDesign design =
        design(
            "{\"web\": {\"ports\": [{\"target\": 80, \"published\": \"80\"}]}}",
            Map.of(80, new PortQuestion.Answer(true, 502, "Bad gateway")),
            ContainerFixture.of("shop", "web").make());
    assertEquals("", design.probes().getFirst().line());
  }

  @Test
  void aServiceThatAProxyOfTheHostFindsIsNamedWithTheRouteToWrite() {
    RouteDesign design =
        design("{\"web\": {\"labels\": {\"traefik.enable\": \"true\"}}}", Map.of());
    assertTrue(
        design.cannot().getFirst().choice().startsWith("write a route"),
        design.cannot().toString());
  }
}
