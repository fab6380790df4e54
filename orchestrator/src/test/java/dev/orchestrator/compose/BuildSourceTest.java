package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.common.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BuildSourceTest {
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
        source("{context: '/check/demo/images/db', args: {SUITE: 'trixie'}}").bases());
    assertEquals(
        "orchestrator/debian:bookworm",
        source("{context: '/check/demo/images/db'}").bases().get(1));
  }

  @Test
  void digestDependsOnEveryInput() throws IOException {
    BuildSource source = source("{context: '/check/demo/images/db'}");
    String digest = source.digest(List.of("sha256:1"));
    assertEquals(digest, source("{context: '/check/demo/images/db'}").digest(List.of("sha256:1")));
    assertNotEquals(digest, source.digest(List.of("sha256:2")));
    assertNotEquals(
        digest,
        source("{context: '/check/demo/images/db', args: {A: 'b'}}").digest(List.of("sha256:1")));
    Files.writeString(stack.resolve("images/db/new"), "");
    assertNotEquals(digest, source.digest(List.of("sha256:1")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{context: '/elsewhere'}",
        "{context: 'https://github.com/x/y.git'}",
        "{context: '/check/demo/images/gone'}",
        "{context: '/check/demo/images/db', dockerfile: 'Other'}",
        "{context: '/check/demo/images/db', dockerfile_inline: 'FROM x'}"
      })
  void whatTheEngineCannotBuildIsRefused(String build) {
    assertThrows(RefusedException.class, () -> source(build));
  }

  private BuildSource source(String build) {
    ComposeModel model =
        ComposeModelFixture.of(
            stack.resolve("releases/v1"), "{services: {db: {build: %s}}}".formatted(build));
    return BuildSource.of(model, "demo", stack, "db");
  }
}
