package dev.orchestrator.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Certificates of an engine behind TLS, and of its client, as Docker's manual has them made. */
public final class TlsCertificatesFixture {
  private final Path folder;

  public TlsCertificatesFixture(Path folder) {
    this.folder = folder;
    try {
      for (String who : List.of("ca", "server", "client")) {
        Files.createDirectories(folder.resolve(who));
      }
      openssl(
          "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca/key.pem -out"
              + " ca/ca.pem");
      certificate("server", "-addext subjectAltName=IP:127.0.0.1");
      certificate("client", "-addext extendedKeyUsage=clientAuth");
      Files.copy(folder.resolve("ca/ca.pem"), folder.resolve("client/ca.pem"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void certificate(String who, String more) {
    openssl(
        "req -x509 -CA ca/ca.pem -CAkey ca/key.pem -newkey rsa:2048 -nodes -days 2 -subj /CN=%1$s -keyout %1$s/key.pem -out %1$s/cert.pem %2$s"
            .formatted(who, more));
  }

  private void openssl(String arguments) {
    LoopDiskFixture.run("sh", "-c", "cd '%s' && openssl %s".formatted(folder, arguments));
  }

  /** What {@code DOCKER_CERT_PATH} of a client names. */
  public Path client() {
    return folder.resolve("client");
  }

  /** Options of {@code dockerd} that also listens on a loopback port. */
  public List<String> serverOptions(int port) {
    return List.of(
        "--host=tcp://127.0.0.1:" + port,
        "--tlsverify",
        "--tlscacert=" + folder.resolve("ca/ca.pem"),
        "--tlscert=" + folder.resolve("server/cert.pem"),
        "--tlskey=" + folder.resolve("server/key.pem"));
  }
}
