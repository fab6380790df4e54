package dev.orchestrator.testing;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.engine.BuildSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Small images made for a test run, removed after it; and some that tests share. */
public record TestImagesFixture(Engine engine, String reference, Map<String, String> labels) {
  private static final Path RESOURCES = Path.of("src/test/resources");

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

  /** The capsules' base image, which has Compose; built where it is not there. */
  public static String base(Engine engine) {
    LightStackFixture any =
        new LightStackFixture("any", RESOURCES.resolve("light"), Path.of("target"));
    return new ImageBuilder(engine, any.settings(8080), Labels.role("test"), InstantSource.system())
        .base(line -> {});
  }

  /**
   * An image of a database, or of the light stack's SQLite over HTTP, which stays on the engine for
   * other tests; needs the base image.
   *
   * @param kind {@code mariadb}, {@code postgres} or {@code ledger}
   * @return its name
   */
  public static String database(Engine engine, String kind, String version) {
    Path context =
        switch (kind) {
          case "mariadb" -> Path.of("../config/stacks/demo/images/db");
          case "postgres" -> RESOURCES.resolve("corpus/images/postgres");
          default -> RESOURCES.resolve("light/images").resolve(kind);
        };
    String tag = "orchestrator/test-%s:%s".formatted(kind, version);
    engine.build(
        new BuildSpec(
            context.toAbsolutePath().normalize(),
            "Dockerfile",
            null,
            kind.equals("ledger") ? Map.of("VERSION", version) : Map.of(),
            Labels.role("test-image"),
            tag),
        Duration.ofMinutes(5),
        line -> {});
    return tag;
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
