package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BuildCheckTest {
  @TempDir Path stack;
  private final ComposeFindings findings = new ComposeFindings("v1");

  @BeforeEach
  void setUp() throws IOException {
    Files.createDirectories(stack.resolve("db"));
    Files.writeString(stack.resolve("db/Dockerfile"), "FROM x\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{context: '/elsewhere'}",
        "{context: 'https://github.com/x/y.git'}",
        "{context: '/check/demo/gone'}",
        "{context: '/check/demo/db', dockerfile: 'Other'}",
        "{context: '/check/demo/db', dockerfile: '../x'}",
        "{context: '/check/demo/db', dockerfile_inline: 'FROM x'}",
        "{context: '/check/demo/db', secrets: [{source: 'x'}]}",
        "{context: '/check/demo/db', ssh: ['default']}",
        "{context: '/check/demo/db', additional_contexts: {x: '/y'}}",
        "{context: '/check/demo/db', privileged: true}",
        "{context: '/check/demo/db', some_new_key: 1}",
        "{context: '/check/demo/db', network: 'container:x'}",
        "{context: '/check/demo/db', platforms: ['linux/arm64', 'linux/s390x']}"
      })
  void whatTheEngineCannotBuildIsRefused(String build) {
    check("{db: {build: %s}}".formatted(build), false);
    assertEquals(1, findings.refusals().size(), findings.refusals().toString());
  }

  @Test
  void whatChangesNothingIsNotSaid() {
    check(
        "{db: {build: {context: '/check/demo/db', cache_from: ['x'], cache_to: ['x'], pull: true,"
            + " no_cache: true, provenance: 'true', sbom: 'true', tags: ['x:2'], secrets: [],"
            + " privileged: false, platforms: ['linux/arm64', 'linux/amd64'], network: 'default',"
            + " labels: {a: 'b'}, shm_size: '1', extra_hosts: ['a=1.2.3.4'], x-y: 1}}}",
        false);
    assertEquals(List.of(), findings.refusals());
    assertEquals(List.of(), findings.warnings());
  }

  @ParameterizedTest
  @CsvSource({"false, 1", "true, 0"})
  void theHostsNetworkNeedsAGrant(boolean granted, int warnings) {
    check("{db: {build: {context: '/check/demo/db', network: 'host'}}}", granted);
    assertEquals(List.of(), findings.refusals());
    assertEquals(warnings, findings.warnings().size());
  }

  @Test
  void aDockerfileForBuildKitIsRefusedWithItsLine() throws IOException {
    Files.writeString(
        stack.resolve("db/Dockerfile"), "FROM x\nRUN --mount=type=cache,target=/c make\n");
    check("{db: {build: {context: '/check/demo/db'}}}", false);
    assertEquals(
        List.of(
            ("service db: %s:2: this needs BuildKit (install docker-buildx on this host and restart"
                    + " the service), since the engine's classic builder can't do it: RUN --mount:"
                    + " COPY what it mounts, or leave the mount of a cache out; or build the image"
                    + " beforehand and name it with 'image:'")
                .formatted(stack.resolve("db/Dockerfile"))),
        findings.refusals());
  }

  @Test
  void aDockerfileForBuildKitIsTakenWhereThatIs() throws IOException {
    Files.writeString(
        stack.resolve("db/Dockerfile"), "FROM x\nRUN --mount=type=cache,target=/c make\n");
    check("{db: {build: {context: '/check/demo/db'}}}", false, true);
    assertEquals(List.of(), findings.refusals());
  }

  @Test
  void aBaseThatAnotherServiceBuildsIsSaid() {
    check(
        "{base: {image: 'x', build: {context: '/check/demo/db'}},"
            + "db: {build: {context: '/check/demo/db'}}}",
        false);
    assertEquals(List.of(), findings.refusals());
    assertEquals(1, findings.warnings().size());
    assertTrue(
        findings.warnings().getFirst().startsWith("service db: its Dockerfile starts from x"));
  }

  private void check(String services, boolean hostNetwork) {
    check(services, hostNetwork, false);
  }

  private void check(String services, boolean hostNetwork, boolean buildKit) {
    ComposeModel model =
        ComposeModelFixture.of(stack.resolve("v1"), "{services: %s}".formatted(services));
    BuiltImages builds = new BuiltImages(model, "demo");
    BuildCheck check =
        new BuildCheck(
            findings,
            stack,
            new EngineInfo(
                "id",
                "unix:///socket",
                "26.1.5",
                "1.45",
                "overlay2",
                "/var/lib/docker",
                2,
                new Platform("linux", "amd64", ""),
                buildKit),
            hostNetwork);
    builds.needed().forEach(service -> check.check(model, builds, service));
  }
}
