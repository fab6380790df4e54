package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.testing.LightStackFixture;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An engine behind TLS with certificates on both sides, as {@code dockerd --tlsverify} has it. */
@Tag("engine")
class TlsEngineTest {
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final char[] PASSWORD = "password".toCharArray();

  @TempDir Path folder;

  private SSLServerSocket server;

  @BeforeEach
  void listen() throws Exception {
    for (String who : List.of("ca", "server", "client")) {
      Files.createDirectories(folder.resolve(who));
    }
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca/key.pem -out ca/ca.pem");
    certificate("server", "-addext subjectAltName=IP:127.0.0.1");
    certificate("client", "");
    Files.copy(folder.resolve("ca/ca.pem"), folder.resolve("client/ca.pem"));
    openssl(
        "pkcs12 -export -passout pass:password -in server/cert.pem -inkey server/key.pem -out"
            + " server/store");
    server =
        (SSLServerSocket) context().getServerSocketFactory().createServerSocket(0, 50, loopback());
    server.setNeedClientAuth(true);
    Thread.ofVirtual().start(this::serve);
  }

  private static InetAddress loopback() {
    return InetAddress.getLoopbackAddress();
  }

  private void certificate(String who, String more) throws Exception {
    openssl(
        "req -x509 -CA ca/ca.pem -CAkey ca/key.pem -newkey rsa:2048 -nodes -days 2 -subj /CN=%1$s -keyout %1$s/key.pem -out %1$s/cert.pem %2$s"
            .formatted(who, more)
            .strip());
  }

  private void openssl(String arguments) throws Exception {
    Process process =
        new ProcessBuilder(("openssl " + arguments).split(" ", -1))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
  }

  private SSLContext context() throws Exception {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store("server/store"), PASSWORD);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    try (InputStream in = Files.newInputStream(folder.resolve("ca/ca.pem"))) {
      trusted.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private KeyStore store(String file) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(folder.resolve(file))) {
      store.load(in, PASSWORD);
    }
    return store;
  }

  private void serve() {
    while (true) {
      try {
        SSLSocket client = (SSLSocket) server.accept();
        Thread.ofVirtual().start(() -> bridge(client));
      } catch (IOException e) {
        return; // It was closed.
      }
    }
  }

  private static void bridge(SSLSocket client) {
    try (client;
        SocketChannel engine =
            SocketChannel.open(UnixDomainSocketAddress.of("/var/run/docker.sock"))) {
      Thread there =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  pass(client.getInputStream(), Channels.newOutputStream(engine));
                  engine.shutdownOutput();
                } catch (IOException e) {
                  return; // One of the two is gone.
                }
              });
      pass(Channels.newInputStream(engine), client.getOutputStream());
      client.shutdownOutput();
      there.join();
    } catch (IOException e) {
      return; // As above.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void pass(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[8192];
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      out.write(buffer, 0, read);
      out.flush();
    }
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  private EngineAddress address(Path certificates) {
    return EngineAddress.parse(
        "tcp://127.0.0.1:" + server.getLocalPort(),
        Map.of("DOCKER_CERT_PATH", certificates.toString()),
        folder);
  }

  @Test
  void itIsUsedWithTheCertificatesAndACommandsStreamsEndByThemselves() throws Exception {
    String name = "tls-test-" + UUID.randomUUID().toString().substring(0, 8);
    try (Engine here = DockerEngine.connect("", SOON);
        DockerEngine engine =
            DockerEngine.elsewhere(address(folder.resolve("client")), folder, SOON)) {
      assertEquals(here.info().id(), engine.info().id());
      assertEquals("127.0.0.1", engine.reachedHost());
      String base =
          new ImageBuilder(
                  here,
                  LightStackFixture.in(folder).settings(8080),
                  Map.of(),
                  InstantSource.system())
              .base(line -> {});
      engine.createContainer(
          ContainerSpec.helper(
              name, base, List.of("sleep", "120"), Labels.role("test"), List.of()));
      try {
        engine.startContainer(name);
        try (ExecStream command =
            engine.openExec(name, List.of("sh", "-c", "cat; echo end >&2; exit 3"), line -> {})) {
          try (OutputStream input = command.input()) {
            input.write("what goes in comes out".getBytes(StandardCharsets.UTF_8));
          }
          assertEquals(
              "what goes in comes out",
              new String(command.output().readAllBytes(), StandardCharsets.UTF_8));
          assertEquals(3, command.exitCode());
        }
      } finally {
        engine.removeContainer(name);
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
