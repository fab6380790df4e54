package dev.orchestrator.capsule.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.testing.FakeBehaviour;
import dev.orchestrator.testing.FakeEngine;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImagePrunerTest {
  @TempDir Path home;

  /** Two services may run the same stack, as a drill does beside the original. */
  @Test
  void imagesOfAnotherServicesCapsulesStay() {
    try (FakeEngine engine = new FakeEngine(FakeBehaviour.QUIET)) {
      for (String version : List.of("v1", "v2", "v3")) {
        engine.addImage("orchestrator/demo:" + version, labels(version));
      }
      engine.createContainer(
          ContainerSpec.helper(
              "demo-0000-g1", "orchestrator/demo:v1", List.of("x"), labels("v1"), List.of()));
      assertEquals(1, new ImagePruner(engine, "demo", home).keepOnly(List.of("v2")));
      assertTrue(engine.image("orchestrator/demo:v1").isPresent());
      assertTrue(engine.image("orchestrator/demo:v2").isPresent());
      assertTrue(engine.image("orchestrator/demo:v3").isEmpty());
    }
  }

  private static Map<String, String> labels(String version) {
    return Labels.with(
        Labels.with(Labels.role("capsule"), Labels.STACK, "demo"), Labels.VERSION, version);
  }
}
