package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Json;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OriginalJsonTest {

  @Test
  void whatIsWrittenIsReadAgain() {
    Original original =
        new Original(
            "photos",
            List.of(
                new OriginalContainer(
                    "0123",
                    "photos-db-1",
                    "db",
                    "on-failure:3",
                    true,
                    Duration.ofMillis(1500),
                    List.of("cache"),
                    List.of(new OriginalPort("::", 5432, 5432, "tcp")),
                    Set.of("cache"),
                    List.of("pg_isready", "-q"))),
            List.of(
                new OriginalData("volumes/db", "photos_db", null),
                new OriginalData("binds/conf", null, Path.of("/srv/photos/a folder"))));
    assertEquals(original, OriginalJson.read(OriginalJson.write(original)));
  }

  @Test
  void whatAnEarlierVersionHasWrittenIsRead() {
    Original original =
        OriginalJson.read(
            """
            {"project": "photos", "containers": [{"id": "01", "name": "photos-db-1",
              "service": "db", "restartPolicy": "no", "running": true, "stopGraceMillis": 10000,
              "dependsOn": [], "ports": []}], "data": []}
            """);
    OriginalContainer db = original.containers().getFirst();
    assertEquals(Set.of(), db.healthyFirst());
    assertEquals(List.of(), db.healthCheck());
  }

  @Test
  void aHealthCheckIsTheCommandThatTheEngineRuns() {
    assertEquals(List.of("redis-cli", "ping"), check("[\"CMD\", \"redis-cli\", \"ping\"]"));
    assertEquals(
        List.of("/bin/sh", "-c", "curl -f localhost || exit 1"),
        check("[\"CMD-SHELL\", \"curl -f localhost || exit 1\"]"));
    assertEquals(List.of(), check("[\"NONE\"]"));
    assertEquals(List.of(), check("null"));
  }

  private static List<String> check(String json) {
    return OriginalDesign.healthCheck(Json.read(json, JsonNode.class));
  }
}
