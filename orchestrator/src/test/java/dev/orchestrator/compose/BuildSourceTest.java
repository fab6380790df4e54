package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.orchestrator.engine.BuildOptions;
import dev.orchestrator.engine.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BuildSourceTest {
  private static final Platform PLATFORM = new Platform("linux", "amd64", "");

  @TempDir Path stack;

  @BeforeEach
  void setUp() throws IOException {
    Files.createDirectories(stack.resolve("images/db"));
    Files.writeString(
        stack.resolve("images/db/Dockerfile"),
        """
        # syntax=docker/dockerfile:1
        ARG SUITE=bookworm
        ARG TOOL="busybox:1"
        from --platform=linux/amd64 golang:1.25 AS build
        RUN echo FROM nothing
        FROM build AS second
        FROM orchestrator/debian:${SUITE}
        COPY --from=build /a /b
        COPY --chown=1:1 --from=$TOOL /a /b
        FROM ${MISSING:-scratch}
        """);
  }

  @Test
  void isReadWithTheHostsPaths() {
    BuildSource source =
        source(
            "{context: '/check/demo/images/db', args: {SUITE: 'trixie', N: 1, NONE: null}, target:"
                + " 'x'}");
    assertEquals(stack.resolve("images/db"), source.context());
    assertEquals("Dockerfile", source.dockerfile());
    assertEquals("x", source.target());
    assertEquals(Map.of("SUITE", "trixie", "N", "1"), source.args());
  }

  @Test
  void findsTheImagesThatItStartsFrom() throws IOException {
    assertEquals(
        List.of("golang:1.25", "orchestrator/debian:trixie", "busybox:1"),
        source("{context: '/check/demo/images/db', args: {SUITE: 'trixie'}}").bases(PLATFORM));
    assertEquals(
        "orchestrator/debian:bookworm",
        source("{context: '/check/demo/images/db'}").bases(PLATFORM).get(1));
  }

  @Test
  void digestDependsOnEveryInput() throws IOException {
    BuildSource source = source("{context: '/check/demo/images/db'}");
    String digest = source.digest(List.of("sha256:1"), PLATFORM);
    assertEquals(
        digest, source("{context: '/check/demo/images/db'}").digest(List.of("sha256:1"), PLATFORM));
    assertNotEquals(digest, source.digest(List.of("sha256:2"), PLATFORM));
    assertNotEquals(
        digest,
        source("{context: '/check/demo/images/db', args: {A: 'b'}}")
            .digest(List.of("sha256:1"), PLATFORM));
    Files.writeString(stack.resolve("images/db/new"), "");
    assertNotEquals(digest, source.digest(List.of("sha256:1"), PLATFORM));
  }

  @Test
  void passesOnHowItsCommandsRun() throws IOException {
    String options =
        "{context: '/check/demo/images/db', network: 'host', extra_hosts: ['a=10.0.0.1',"
            + " 'b:10.0.0.2'], shm_size: '67108864', labels: {x: 'y'}}";
    BuildSource source = source(options);
    assertEquals(
        new BuildOptions("", List.of("a:10.0.0.1", "b:10.0.0.2"), 67108864), source.options());
    assertEquals(Map.of("x", "y"), source.labels());
    ComposeModel model = model(options);
    assertEquals("host", BuildSource.of(model, stack, "db", true).options().network());
    assertNotEquals(
        source("{context: '/check/demo/images/db'}").digest(List.of(), PLATFORM),
        source.digest(List.of(), PLATFORM));
  }

  private BuildSource source(String build) {
    return BuildSource.of(model(build), stack, "db", false);
  }

  private ComposeModel model(String build) {
    return ComposeModelFixture.of(
        stack.resolve("releases/v1"), "{services: {db: {build: %s}}}".formatted(build));
  }
}
