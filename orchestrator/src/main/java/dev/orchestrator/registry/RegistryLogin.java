package dev.orchestrator.registry;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * The logins and certificates of registries where Docker has them: what {@code docker login} has
 * written, and the folder {@code certs.d} of the engine. Nothing of it is kept.
 */
final class RegistryLogin {
  private static final String DOCKER_HUB = "https://index.docker.io/v1/";

  private RegistryLogin() {}

  /**
   * The user and the password of a registry, as HTTP's Basic has them; empty where there is none.
   */
  static Optional<String> basic(String host, Map<String, String> environment) {
    Path config = folder(environment).resolve("config.json");
    if (!Files.isRegularFile(config)) {
      return Optional.empty();
    }
    try {
      JsonNode tree = Json.tree(Files.readString(config));
      String key = host.equals("docker.io") ? DOCKER_HUB : host;
      String helper = tree.at("/credHelpers").path(key).asText(tree.path("credsStore").asText());
      if (!helper.isEmpty()) {
        return ofHelper(helper, key);
      }
      String auth = tree.path("auths").path(key).path("auth").asText();
      return auth.isEmpty() ? Optional.empty() : Optional.of(auth);
    } catch (IOException | IllegalArgumentException e) {
      throw new RegistryException("can't read %s: %s".formatted(config, e.getMessage()), e);
    }
  }

  private static Path folder(Map<String, String> environment) {
    String named = environment.getOrDefault("DOCKER_CONFIG", "");
    return named.isEmpty()
        ? Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")), ".docker")
        : Path.of(named);
  }

  private static Optional<String> ofHelper(String helper, String key) throws IOException {
    Process process = new ProcessBuilder("docker-credential-" + helper, "get").start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(key.getBytes(StandardCharsets.UTF_8));
    }
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        return Optional.empty();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
    JsonNode login = Json.tree(out);
    String text = login.path("Username").asText() + ":" + login.path("Secret").asText();
    return Optional.of(Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Trusts what this Java trusts, and the authorities that Docker has for the registry. */
  static SSLContext trust(String host, Map<String, String> environment) {
    List<Path> files = new ArrayList<>();
    for (Path certs :
        List.of(Path.of("/etc/docker/certs.d"), folder(environment).resolve("certs.d"))) {
      files.addAll(authorities(certs.resolve(host)));
    }
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      if (files.isEmpty()) {
        return SSLContext.getDefault();
      }
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (Path file : files) {
        try (InputStream in = Files.newInputStream(file)) {
          int i = 0;
          for (Certificate each : factory.generateCertificates(in)) {
            store.setCertificateEntry(file + "-" + i++, each);
          }
        }
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new RegistryException(
          "can't read the certificates of registry %s (%s): %s"
              .formatted(host, files, e.getMessage()),
          e);
    }
  }

  private static List<Path> authorities(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".crt")).sorted().toList();
    } catch (IOException e) {
      throw new RegistryException(
          "can't read the folder %s: %s".formatted(folder, e.getMessage()), e);
    }
  }
}
