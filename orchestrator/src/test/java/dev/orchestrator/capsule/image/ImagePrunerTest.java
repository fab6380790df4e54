package dev.orchestrator.capsule.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.testing.FakeBehaviour;
import dev.orchestrator.testing.FakeEngine;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImagePrunerTest {
  private final Set<String> imagesOfSnapshots = new HashSet<>();

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
      assertEquals(1, pruner(engine).keepOnly(List.of("v2")));
      assertTrue(engine.image("orchestrator/demo:v1").isPresent());
      assertTrue(engine.image("orchestrator/demo:v2").isPresent());
      assertTrue(engine.image("orchestrator/demo:v3").isEmpty());
    }
  }

  /** An image that lost its name to a rebuild was left for ever. */
  @Test
  void afterTwentyRebuildsThereIsWhatIsKept() {
    try (FakeEngine engine = new FakeEngine(FakeBehaviour.QUIET)) {
      ImagePruner pruner = pruner(engine);
      String kept = add(engine, "orchestrator/demo:v1", ours("v1", "sha256:a"));
      engine.createContainer(
          ContainerSpec.helper("demo-0000-g1", kept, List.of("x"), labels("v1"), List.of()));
      for (int i = 0; i < 20; i++) {
        engine.addImage("orchestrator/demo:v1", ours("v1", "sha256:a"));
        engine.addImage("orchestrator/demo:v2", ours("v2", "sha256:a"));
        assertEquals(i == 0 ? 0 : 2, pruner.unneeded(List.of("v1", "v2")).size());
        pruner.removeSuperseded();
        assertEquals(0, pruner.keepOnly(List.of("v1", "v2")));
      }
      assertTrue(engine.image(kept).isPresent(), "that of a container");
      assertEquals(3, engine.images(Labels.role("capsule")).size());
      engine.removeContainer("demo-0000-g1");
      assertEquals(3, pruner.keepOnly(List.of()));
      assertEquals(List.of(), engine.images(Labels.role("capsule")));
    }
  }

  /** Another home may have a stack of the same name: what it is locked to must not go. */
  @Test
  void imagesOfAnotherHomeStayWithWhatTheyArePackedFrom() {
    try (FakeEngine engine = new FakeEngine(FakeBehaviour.QUIET)) {
      String theirInner = add(engine, "orchestrator/demo-db:1", inner());
      String ourInner = add(engine, "orchestrator/demo-db:2", inner());
      String theirs =
          add(
              engine,
              "orchestrator/demo:v9",
              Labels.with(ours("v9", "sha256:x " + theirInner), ImagePruner.OWNER, "another"));
      engine.addImage("orchestrator/demo:v1", ours("v1", ourInner));
      assertEquals(2, pruner(engine).keepOnly(List.of()));
      assertTrue(engine.image(theirs).isPresent());
      assertTrue(engine.image(theirInner).isPresent());
      assertTrue(engine.image(ourInner).isEmpty());
    }
  }

  /** A later build of the version takes the name: the id is all that a snapshot has. */
  @Test
  void theImageOfASnapshotStaysWithoutAContainerAndAName() {
    try (FakeEngine engine = new FakeEngine(FakeBehaviour.QUIET)) {
      String first = add(engine, "orchestrator/demo:v1", ours("v1", "sha256:x"));
      engine.addImage("orchestrator/demo:v1", ours("v1", "sha256:y"));
      imagesOfSnapshots.add(first);
      pruner(engine).removeSuperseded();
      assertEquals(1, pruner(engine).keepOnly(List.of()));
      assertTrue(engine.image(first).isPresent());
      imagesOfSnapshots.clear();
      assertEquals(1, pruner(engine).keepOnly(List.of()));
    }
  }

  /** Adds an image; returns its id. */
  private static String add(FakeEngine engine, String reference, Map<String, String> labels) {
    engine.addImage(reference, labels);
    return engine.image(reference).orElseThrow().id();
  }

  private ImagePruner pruner(FakeEngine engine) {
    return new ImagePruner(engine, "demo", home, "mine", () -> imagesOfSnapshots);
  }

  private static Map<String, String> inner() {
    return Labels.with(Labels.role("inner"), Labels.STACK, "demo");
  }

  private static Map<String, String> ours(String version, String inner) {
    return Labels.with(
        Labels.with(labels(version), ImagePruner.OWNER, "mine"), ImagePruner.INNER, inner);
  }

  private static Map<String, String> labels(String version) {
    return Labels.with(
        Labels.with(Labels.role("capsule"), Labels.STACK, "demo"), Labels.VERSION, version);
  }
}
