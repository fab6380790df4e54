package dev.orchestrator.capsule.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.Json;
import dev.orchestrator.compose.ComposeModel;
import dev.orchestrator.compose.InnerImage;
import dev.orchestrator.release.Release;
import dev.orchestrator.testing.EngineCallHook;
import dev.orchestrator.testing.FakeBehaviour;
import dev.orchestrator.testing.FakeEngine;
import dev.orchestrator.testing.LightStackFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InnerImageProviderTest {
  @TempDir Path folder;
  @TempDir Path home;
  private final FakeEngine engine = new FakeEngine(FakeBehaviour.QUIET);
  private final List<String> calls = Collections.synchronizedList(new ArrayList<>());

  @BeforeEach
  void setUp() throws IOException {
    Files.createDirectories(folder.resolve("releases/v1"));
    Files.writeString(folder.resolve("releases/v1/Dockerfile"), "FROM base\n");
    engine.addImage("base", Map.of());
    engine.hook(
        new EngineCallHook() {
          @Override
          public void before(String op, String name) {
            if (op.equals("pull") || op.equals("build")) {
              calls.add(op + " " + name.replaceFirst(":[0-9a-f]+$", ""));
            }
          }
        });
  }

  @Test
  void servicesWithTheNameOfABuiltImageGetThatImage() {
    // Left by plain Compose: it is an older build.
    engine.addImage("myapp", Map.of());
    engine.addToRegistry("redis");
    ComposeModel model =
        model(
            """
            {"services": {
              "cache": {"image": "redis"},
              "web": {"image": "myapp", "build": {"context": "/check/demo/releases/v1"}},
              "again": {"image": "docker.io/library/myapp:latest"},
              "worker": {"image": "myapp"}}}
            """);
    assertEquals(List.of("redis (cache)"), provider().absent(model));

    Map<String, InnerImage> images = resolve(model);
    assertEquals(List.of("pull redis", "build orchestrator/demo-web"), calls);
    assertEquals(id(images, "web"), id(images, "worker"));
    assertEquals(id(images, "web"), id(images, "again"));

    // The lock has the built image for all three.
    calls.clear();
    assertEquals(images, resolve(model));
    assertEquals(List.of(), calls);
  }

  @Test
  void aBuiltImageWithoutANameHasComposesOwn() {
    ComposeModel model =
        model(
            """
            {"services": {
              "web": {"build": {"context": "/check/demo/releases/v1", "tags": ["site:2"]}},
              "worker": {"image": "demo-web"},
              "other": {"image": "site:2"}}}
            """);
    assertEquals(List.of(), provider().absent(model));
    Map<String, InnerImage> images = resolve(model);
    assertEquals(List.of("build orchestrator/demo-web"), calls);
    assertEquals(id(images, "web"), id(images, "worker"));
    assertEquals(id(images, "web"), id(images, "other"));
  }

  @Test
  void aServiceThatIsOnlyThereToBuildAnImageIsBuiltWhereOneUsesIt() {
    String build = "{\"build\": {\"context\": \"/check/demo/releases/v1\"}, \"scale\": 0}";
    ComposeModel model =
        model(
            "{\"services\": {\"base\": %s, \"unused\": %s, \"worker\": {\"image\": \"demo-base\"}}}"
                .formatted(build, build));
    Map<String, InnerImage> images = resolve(model);
    assertEquals(List.of("build orchestrator/demo-base"), calls);
    assertEquals(List.of("worker"), List.copyOf(images.keySet()));
  }

  /** Each of the two builds waits for the other one to begin. */
  @Test
  void imagesAreBuiltSideBySide() {
    CountDownLatch begun = new CountDownLatch(2);
    engine.hook(
        new EngineCallHook() {
          @Override
          public void before(String op, String name) {
            if (op.equals("build")) {
              begun.countDown();
              assertTrue(awaited(begun), "the other build has not begun");
            }
          }
        });
    Map<String, InnerImage> images = resolve(twoBuilds());
    assertEquals(List.of("web", "worker"), List.copyOf(images.keySet()));
  }

  @Test
  void theBaseOfTwoBuildsIsPulledOnceAndEachFailureIsNamed() throws Exception {
    Files.writeString(folder.resolve("releases/v1/Dockerfile"), "FROM debian:13\n");
    CapsuleException failure = assertThrows(CapsuleException.class, () -> resolve(twoBuilds()));
    String text = String.valueOf(failure.getMessage());
    assertTrue(text.contains("service web: ") && text.contains("service worker: "), text);

    calls.clear();
    engine.addToRegistry("debian:13");
    assertEquals(2, resolve(twoBuilds()).size());
    assertEquals(1, calls.stream().filter(call -> call.startsWith("pull ")).count());
  }

  private static boolean awaited(CountDownLatch latch) {
    try {
      return latch.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private ComposeModel twoBuilds() {
    String build = "{\"build\": {\"context\": \"/check/demo/releases/v1\"}}";
    return model("{\"services\": {\"web\": %s, \"worker\": %s}}".formatted(build, build));
  }

  private static String id(Map<String, InnerImage> images, String service) {
    InnerImage image = images.get(service);
    return image == null ? "" : image.id();
  }

  private Map<String, InnerImage> resolve(ComposeModel model) {
    return provider()
        .resolve(
            model,
            Deadline.in(Duration.ofMinutes(1), InstantSource.system()),
            new BuildTimes(),
            line -> {});
  }

  private InnerImageProvider provider() {
    return new InnerImageProvider(
        engine,
        new LightStackFixture("demo", folder, home).stack(1),
        home,
        new DebianImages(engine, folder));
  }

  private ComposeModel model(String json) {
    return new ComposeModel(
        new Release("v1", folder.resolve("releases/v1"), List.of("compose.yaml")),
        (ObjectNode) Json.tree(json),
        Path.of("/check/demo/releases/v1"),
        Path.of("/check/demo"),
        List.of(),
        List.of());
  }
}
