package dev.orchestrator.testing;

import dev.orchestrator.engine.BuildSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Small images made for a test run, removed after it. */
public record TestImagesFixture(Engine engine, String reference, Map<String, String> labels) {
  /** An image with a static busybox only. */
  public static TestImagesFixture busybox(Engine engine, Path context) throws IOException {
    Path busybox =
        List.of(Path.of("/bin/busybox"), Path.of("/usr/bin/busybox")).stream()
            .filter(Files::isExecutable)
            .findFirst()
            .orElseThrow(
                () -> new IllegalStateException("install busybox-static: the tests need it"));
    Files.copy(busybox, context.resolve("busybox"));
    return build(
        engine,
        context,
        """
        FROM scratch
        COPY busybox /bin/busybox
        RUN ["/bin/busybox", "mkdir", "-p", "/proc", "/tmp"]
        RUN ["/bin/busybox", "--install", "-s", "/bin"]
        LABEL kept=yes
        """);
  }

  /** A Debian image with rsync. */
  public static TestImagesFixture rsync(Engine engine, Path context) throws IOException {
    return build(
        engine,
        context,
        """
        FROM orchestrator/debian:trixie
        RUN apt-get update -q && apt-get install -qy --no-install-recommends rsync attr acl libcap2-bin
        """);
  }

  private static TestImagesFixture build(Engine engine, Path context, String dockerfile)
      throws IOException {
    Files.writeString(context.resolve("Dockerfile"), dockerfile);
    String run = UUID.randomUUID().toString().substring(0, 8);
    String tag = "orchestrator/test:" + run;
    Map<String, String> labels = Labels.with(Labels.role("test-image"), "image-run", run);
    engine.build(
        new BuildSpec(context, "Dockerfile", null, Map.of(), labels, tag),
        Duration.ofMinutes(5),
        line -> {});
    return new TestImagesFixture(engine, tag, labels);
  }

  /** Removes the image and what failed builds on top of it have left. */
  public void remove() {
    engine.images(labels).stream()
        .filter(image -> image.tags().isEmpty())
        .forEach(image -> engine.removeImage(image.id()));
    engine.removeImage(reference);
  }
}
