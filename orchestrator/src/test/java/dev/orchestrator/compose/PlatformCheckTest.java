package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.engine.Platform;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PlatformCheckTest {
  private static final Platform ENGINE = new Platform("linux", "aarch64", "");

  @Test
  void anotherPlatformThanTheEnginesIsRefused() {
    assertEquals(
        List.of(
            "service db: platform: this engine's images are for linux/arm64, not for linux/amd64:"
                + " remove it, and name an image that there is for linux/arm64"),
        refusals(
            "{db: {platform: 'linux/amd64'}, web: {platform: 'linux/arm64/v8'}, app: {}}",
            Map.of()));
  }

  @Test
  void soIsComposesVariableForIt() {
    Map<String, String> variables = Map.of("DOCKER_DEFAULT_PLATFORM", "linux/amd64");
    assertEquals(
        List.of(
            "variable DOCKER_DEFAULT_PLATFORM: this engine's images are for linux/arm64, not for"
                + " linux/amd64: remove it, and name an image that there is for linux/arm64"),
        refusals("{db: {}}", variables));
  }

  private static List<String> refusals(String services, Map<String, String> variables) {
    ComposeFindings findings = new ComposeFindings("v1");
    ComposeModel model =
        ComposeModelFixture.of(Path.of("/v1"), "{services: %s}".formatted(services));
    PlatformCheck.check(findings, model.services(), variables, ENGINE);
    return findings.refusals();
  }
}
