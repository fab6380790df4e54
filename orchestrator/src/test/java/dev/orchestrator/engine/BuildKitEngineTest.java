package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.EngineException.Kind;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.TestImagesFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Debian 13's buildx on this machine's engine. */
@Tag("engine")
@Rotates
final class BuildKitEngineTest {
  private static final String PLUGIN = "usr/libexec/docker/cli-plugins/docker-buildx";
  private static final Duration LIMIT = Duration.ofMinutes(2);

  @TempDir static Path root;
  private static DockerEngine engine;
  private static TestImagesFixture images;

  private final String tag = "orchestrator-buildkit-" + UUID.randomUUID() + ":built";
  private final Map<String, String> labels = Map.of("dev.orchestrator.test", tag);

  @BeforeAll
  static void prepare(@TempDir Path context) throws Exception {
    engine = DockerEngine.connect("", Duration.ofSeconds(10));
    images = TestImagesFixture.busybox(engine, context);
    Process download =
        new ProcessBuilder(
                "mmdebstrap",
                "--quiet",
                "--variant=extract",
                "--include=docker-buildx",
                "trixie",
                root.resolve("debian").toString())
            .inheritIO()
            .start();
    try {
      assertTrue(
          download.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS), "the packages did not come");
      assertEquals(0, download.exitValue());
    } finally {
      download.destroy();
    }
  }

  @AfterAll
  static void close() {
    images.remove();
    engine.close();
  }

  @Test
  void whatTheClassicBuilderCantBuildIsBuiltAndItsFailureIsSaid(@TempDir Path context)
      throws IOException {
    Files.writeString(
        context.resolve("File"),
        """
        FROM %s AS first
        ARG WHO=nobody
        COPY --chmod=0751 run.sh /in/
        RUN --mount=type=cache,target=/kept ["/bin/busybox", "touch", "/kept/file"]
        RUN ["/bin/busybox", "sh", "-c", "/bin/busybox echo hello $WHO; /bin/busybox stat -c %%a /in/run.sh"]
        FROM first AS second
        RUN ["/bin/busybox", "sh", "-c", "/bin/busybox echo no such thing; exit 7"]
        """
            .formatted(images.reference()));
    Files.writeString(context.resolve("run.sh"), "#!/bin/sh\n");
    List<String> progress = new ArrayList<>();
    build(context, "first", progress);
    ImageInfo image = engine.image(tag).orElseThrow();
    try {
      assertEquals(tag, image.labels().get("dev.orchestrator.test"));
      assertTrue(
          progress.stream().anyMatch(line -> line.endsWith("hello you")), progress::toString);
      assertTrue(progress.stream().anyMatch(line -> line.endsWith(" 751")), progress::toString);
    } finally {
      engine.removeImage(tag);
    }
    EngineException e =
        assertThrows(EngineException.class, () -> build(context, "second", new ArrayList<>()));
    assertEquals(Kind.BUILD_FAILED, e.kind());
    assertTrue(String.valueOf(e.getMessage()).contains("exit code: 7"), e::toString);
  }

  private void build(Path context, String target, List<String> progress) throws IOException {
    new BuildKit(
            List.of(root.resolve("debian").resolve(PLUGIN).toString()), engine.info().address())
        .build(
            "building it",
            new BuildSpec(context, "File", target, Map.of("WHO", "you"), labels, tag),
            LIMIT,
            progress::add);
  }
}
