package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.PrivateEngineFixture;
import dev.orchestrator.testing.TestImagesFixture;
import dev.orchestrator.testing.TlsCertificatesFixture;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An engine behind TLS with certificates on both sides: {@code dockerd --tlsverify}. */
@Tag("engine")
class TlsEngineTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir static Path folder;
  private static TlsCertificatesFixture certificates;
  private static int port;
  private static PrivateEngineFixture dockerd;

  @BeforeAll
  static void startEngine() throws Exception {
    assumeTrue(PrivateEngineFixture.isSupported(), "no dockerd here, or this isn't root");
    certificates = new TlsCertificatesFixture(folder.resolve("certificates"));
    port = FreePorts.next();
    dockerd = new PrivateEngineFixture(folder, 256 << 20, null, certificates.serverOptions(port));
  }

  @AfterAll
  static void stopEngine() {
    if (dockerd != null) {
      dockerd.close();
    }
  }

  private static EngineAddress address(Path with) {
    return EngineAddress.parse(
        "tcp://127.0.0.1:" + port, Map.of("DOCKER_CERT_PATH", with.toString()), folder);
  }

  @Test
  void itIsUsedWithTheCertificatesAndACommandsStreamsEndByThemselves() throws Exception {
    try (Engine here = DockerEngine.connect("", SOON);
        Engine plain = DockerEngine.connect(dockerd.host(), SOON);
        DockerEngine engine =
            DockerEngine.elsewhere(address(certificates.client()), folder, SOON)) {
      assertEquals(plain.info().id(), engine.info().id());
      assertEquals("127.0.0.1", engine.reachedHost());
      TestImagesFixture busybox =
          TestImagesFixture.busybox(here, Files.createDirectory(folder.resolve("image")));
      try {
        long sent = new ImageSender(here, engine).send(busybox.reference(), SOON, line -> {});
        assertTrue(sent > 500_000, "sent by TLS: " + sent);
      } finally {
        busybox.remove();
      }
      engine.createContainer(
          ContainerSpec.helper(
              "streams",
              busybox.reference(),
              List.of("sleep", "120"),
              Labels.role("test"),
              List.of()));
      engine.startContainer("streams");
      try (ExecStream command =
          engine.openExec(
              "streams", List.of("sh", "-c", "cat; echo end >&2; exit 3"), line -> {})) {
        try (OutputStream input = command.input()) {
          input.write("what goes in comes out".getBytes(StandardCharsets.UTF_8));
        }
        assertEquals(
            "what goes in comes out",
            new String(command.output().readAllBytes(), StandardCharsets.UTF_8));
        assertEquals(3, command.exitCode());
      } finally {
        engine.removeContainer("streams");
      }
    }
  }

  @Test
  void withoutThemItIsNotReachedAndTheReasonIsTold() {
    try (DockerEngine engine =
        DockerEngine.elsewhere(address(folder.resolve("nothing")), folder, SOON)) {
      EngineException failure = assertThrows(EngineException.class, engine::info);
      assertTrue(
          String.valueOf(failure.getMessage()).contains("connecting to the Docker engine"),
          failure.toString());
    }
  }
}
