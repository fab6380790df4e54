package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.ContainerDetails;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Variables of the shell that started a project, told by its containers. */
final class ShellReadBackTest {
  @TempDir Path dir;

  private ShellReadBack.Found found(String compose, String env, ContainerDetails... containers)
      throws IOException {
    Path file = Files.writeString(dir.resolve("compose.yaml"), compose);
    Files.writeString(dir.resolve(".env"), env);
    ProjectFiles files = ProjectFiles.read(dir, List.of(file), List.of(), Map.of());
    return ShellReadBack.of(
        files, new Project("shop", dir, List.of(file), List.of(), List.of(containers), ""));
  }

  @Test
  void imageEnvironmentMountsAndPortsTellThem() throws IOException {
    ShellReadBack.Found found =
        found(
            """
            services:
              web:
                image: app:${TAG:-1}
                environment: {GREETING: '${GREETING:-hi}', DB_PASSWORD: , LEVEL: '${LEVEL:-info}'}
                ports: ['${PORT:-8080}:80']
                volumes: ['${DATA:-./data}/app:/app', '${CONF:-./conf}:/conf:ro']
                labels: ['tier=${TIER}']
            """,
            "GREETING=hello\n",
            ContainerFixture.of("shop", "web")
                .image("app:2")
                .env("GREETING=hello")
                .env("DB_PASSWORD=s3cret=x")
                .env("LEVEL=info")
                .port(9090, 80)
                .bind("/mnt/app", "/app", false)
                .bind(dir + "/conf", "/conf", true)
                .label("tier", "gold")
                .make());
    assertEquals(
        List.of("DATA=/mnt", "DB_PASSWORD=(hidden)", "PORT=9090", "TAG=2", "TIER=gold"),
        found.variables().stream().map(ShellVariable::toString).toList());
    assertEquals("s3cret=x", found.variables().get(1).value());
    assertFalse(found.toString().contains("s3cret"), found.toString());
    assertEquals(List.of("service web: image"), found.variables().get(3).places());
  }

  @Test
  void containersThatDisagreeAreSaid() throws IOException {
    ShellReadBack.Found found =
        found(
            "services: {a: {image: 'app:${TAG:-1}'}, b: {image: 'app:${TAG:-1}'}}",
            "",
            ContainerFixture.of("shop", "a").image("app:2").make(),
            ContainerFixture.of("shop", "b").image("app:1").make());
    assertEquals(List.of(), found.variables());
    assertTrue(found.notes().getFirst().contains("TAG"), found.notes().toString());
  }

  @Test
  void anotherImageIsNoVariable() throws IOException {
    assertEquals(
        List.of(),
        found(
                "services: {a: {image: 'app:${TAG:-1}'}}",
                "",
                ContainerFixture.of("shop", "a").image("other:2").make())
            .variables());
  }
}
