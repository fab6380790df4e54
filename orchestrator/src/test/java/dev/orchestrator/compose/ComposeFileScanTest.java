package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.release.Release;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Keys that only a newer Compose knows, as the files have them. */
class ComposeFileScanTest {
  @TempDir Path stack;

  @Test
  void areFoundInMergedAndIncludedFilesAndInEveryDocument() throws IOException {
    file(
        "compose.yaml",
        """
        include: [sub/more.yaml, {path: [../../shared.yaml]}]
        x-common: &common
          pre_stop: [{command: x}]
        services:
          web:
            <<: [*common]
            extends: {file: base.yaml, service: base}
        ---
        networks: {front: {enable_ipv4: false}}
        """);
    file("sub/more.yaml", "services: {more: {provider: {type: x}}}");
    file("../../shared.yaml", "services: {shared: {gpus: all}}");
    file("base.yaml", "services: {base: {post_start: []}}\ninclude: [compose.yaml]");
    assertEquals(
        List.of(
            "compose.yaml:3: service web: pre_stop needs Compose 2.30.0",
            "sub/more.yaml:1: service more: provider needs Compose 2.36.0",
            "shared.yaml:1: service shared: gpus needs Compose 2.30.0",
            "base.yaml:1: service base: post_start needs Compose 2.30.0",
            "compose.yaml:9: network front: enable_ipv4 needs Compose 2.33.1"),
        refused("2.26.1-4", false));
    assertEquals(2, refused("2.33.0", false).size());
    assertEquals(List.of(), refused("v2.40.3", false));
  }

  @Test
  void keysThatWorkWhereComposeKnowsThemAreRefusedOnlyWithTheFile() throws IOException {
    file("compose.yaml", "services: {web: {build: {sbom: true}, label_file: x}}");
    assertEquals(List.of(), refused("2.26.1", false));
    assertEquals(2, refused("2.26.1", true).size());
    ComposeFileScan keys = scan();
    assertTrue(keys.explains("services.web.build Additional property sbom is not allowed"));
    assertFalse(keys.explains("services.web Additional property imagge is not allowed"));
  }

  @Test
  void allServicesWithoutAnImageAreNamed() throws IOException {
    file("compose.yaml", "services: {web: {image: a}, db: {command: x}, e: {}, f: {build: .}}");
    String said = "service \"db\" has neither an image nor a build context specified: invalid";
    assertEquals("services db, e have neither an image nor a build context", scan().complete(said));
    assertEquals("another", scan().complete("another"));
  }

  @Test
  void whatIsNoYamlIsLeftToCompose() throws IOException {
    file("compose.yaml", "services: [\n\tx: &a {<<: *a}");
    assertFalse(scan().any());
  }

  @ParameterizedTest
  @CsvSource({
    "2.26.1-4,2.30.0,true",
    "2.30.0,2.30.0,false",
    "v2.9,2.30.0,true",
    "5.0.0,2.38.0,false",
    "'',2.30.0,false"
  })
  void versionsAreComparedByTheirNumbers(String version, String than, boolean older) {
    assertEquals(older, ComposeFileScan.isOlder(version, than));
  }

  private ComposeFileScan scan() {
    Path release = stack.resolve("releases/v1");
    return ComposeFileScan.of(new Release("v1", release, List.of("compose.yaml")), stack);
  }

  private List<String> refused(String version, boolean rejected) {
    ComposeFindings findings = new ComposeFindings("here");
    scan().refuse(findings, version, rejected);
    return findings.refusals().stream()
        .map(line -> line.replaceFirst(", and capsules.*", ""))
        .toList();
  }

  private void file(String name, String text) throws IOException {
    Path file = stack.resolve("releases/v1").resolve(name).normalize();
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
