package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.BuildSpec;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.Rotates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A project whose image came from a registry: release 1 pins what runs by its digest, and the image
 * is taken from the engine, also when the registry is away or has another one by now.
 */
@Tag("engine")
@Rotates
final class AdoptRegistryEngineTest {
  private static final Pattern PIN =
      Pattern.compile("image: \"?(127\\.0\\.0\\.1:\\d+/shop/web:1@sha256:[0-9a-f]{64})");

  @TempDir Path dir;

  private final String name = "pinned" + ProcessHandle.current().pid();

  @Test
  void whatRunsIsPinnedAndTakenFromTheEngineOnceTheRegistryIsAway() throws Exception {
    int port = FreePorts.next();
    int registryPort = FreePorts.next();
    String image = "127.0.0.1:" + registryPort + "/shop/web:1";
    try (AdoptServiceFixture shop = new AdoptServiceFixture(dir, name);
        Registry registry =
            new Registry(shop, Files.createDirectory(dir.resolve("registry")), registryPort)) {
      String digest = registry.push(shop.image.reference(), image);
      // As after a pull: the engine has it from the registry alone.
      shop.docker("pull", "--quiet", image);
      shop.write(
          """
          services:
            web:
              image: %s
              command: [sh, -c, 'echo "$$LEVEL" >/data/index.html; exec httpd -f -p 8080 -h /data']
              environment: {LEVEL: one}
              volumes: ['data:/data']
              ports: ['127.0.0.1:%d:8080']
              stop_grace_period: 1s
          volumes: {data: {}}
          """
              .formatted(image, port));
      shop.compose("up", "--detach");
      registry.stop();
      shop.done("adopt", name);
      assertEquals("one\n", shop.get(port));
      Path release = shop.stacks.resolve(name).resolve("releases/1");
      Matcher pin = PIN.matcher(Files.readString(release.resolve("compose.yaml")));
      assertTrue(pin.find(), Files.readString(release.resolve("compose.yaml")));
      assertEquals(image + "@" + digest, pin.group(1));

      // The next version is written beside it, as a copy with a change.
      Path next = Files.createDirectories(release.resolveSibling("2"));
      Files.writeString(
          next.resolve("compose.yaml"),
          Files.readString(release.resolve("compose.yaml")).replace("LEVEL: one", "LEVEL: two"));
      shop.done("upgrade", "2");
      assertEquals("two\n", shop.get(port));
      shop.done("adopt", "--undo", "--yes");
      assertEquals("one\n", shop.get(port));
      shop.compose("down", "--volumes", "--timeout", "1");
      shop.docker("rmi", image);
    }
  }

  /** Debian's registry on loopback, in a container. */
  private static final class Registry implements AutoCloseable {
    private final AdoptServiceFixture shop;
    private final String container;
    private final String image;
    private final int port;

    Registry(AdoptServiceFixture shop, Path context, int port)
        throws IOException, InterruptedException {
      this.shop = shop;
      this.port = port;
      this.container = "registry-" + shop.name;
      this.image = "orchestrator/test-registry:" + shop.name;
      Files.writeString(
          context.resolve("Dockerfile"),
          """
          FROM orchestrator/debian:trixie
          RUN apt-get update -q && apt-get install -qy --no-install-recommends docker-registry
          ENV REGISTRY_AUTH= REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/tmp
          CMD ["docker-registry", "serve", "/etc/docker/registry/config.yml"]
          """);
      shop.engine.build(
          new BuildSpec(context, "Dockerfile", null, Map.of(), Labels.role("test-image"), image),
          Duration.ofMinutes(3),
          line -> {});
      shop.docker(
          "run",
          "--detach",
          "--name",
          container,
          "--publish",
          "127.0.0.1:" + port + ":5000",
          image);
      awaitAnswer();
    }

    private void awaitAnswer() throws InterruptedException {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (true) {
        try {
          String _ = shop.get(port);
          return;
        } catch (IOException e) {
          if (System.nanoTime() > end) {
            throw new AssertionError("the registry does not answer", e);
          }
          TimeUnit.MILLISECONDS.sleep(50);
        }
      }
    }

    /** Pushes an image of the engine under another name; its digest there. */
    String push(String from, String to) {
      shop.docker("tag", from, to);
      shop.docker("push", "--quiet", to);
      return shop.docker("image", "inspect", "--format", "{{index .RepoDigests 0}}", to)
          .replaceFirst(".*@", "");
    }

    void stop() {
      shop.docker("stop", "--time", "1", container);
    }

    @Override
    public void close() {
      shop.docker("rm", "--force", container);
      shop.docker("rmi", image);
    }
  }
}
