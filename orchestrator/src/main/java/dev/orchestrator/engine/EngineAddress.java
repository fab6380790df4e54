package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where another engine is, and how it is reached. Immutable.
 *
 * @param text as it was given
 * @param host name or address of its host; empty for a Unix socket
 * @param port of the host; -1 for the usual one of ssh
 * @param user at that host; empty for the usual one
 * @param socket of an engine on this host; empty for another transport
 * @param certificates folder with {@code ca.pem}, {@code cert.pem} and {@code key.pem}; null where
 *     none are used
 */
public record EngineAddress(
    String text,
    Transport transport,
    String host,
    int port,
    String user,
    String socket,
    @Nullable Path certificates) {

  /** How an engine is reached. */
  public enum Transport {
    UNIX,
    TCP,
    SSH
  }

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]*|[0-9A-Fa-f:]+");
  private static final int TLS_PORT = 2376;
  private static final int PLAIN_PORT = 2375;

  /**
   * Finds out where an address leads: {@code ssh://[user@]host[:port]}, {@code tcp://host:port}, or
   * the name of a Docker context of this user.
   *
   * @throws RefusedException when it is none of these, or is not safe to use
   */
  public static EngineAddress parse(String text) {
    return parse(text, System.getenv(), Path.of(System.getProperty("user.home")));
  }

  static EngineAddress parse(String text, Map<String, String> environment, Path userHome) {
    String given = text.strip();
    String config = environment.getOrDefault("DOCKER_CONFIG", "");
    Path folder = config.isEmpty() ? userHome.resolve(".docker") : Path.of(config);
    if (given.contains("://")) {
      String path = environment.getOrDefault("DOCKER_CERT_PATH", "");
      return of(given, given, hasCertificates(path.isEmpty() ? folder : Path.of(path)));
    }
    if (!NAME.matcher(given).matches()) {
      throw new RefusedException(
          "%s is no engine: give ssh://[USER@]HOST[:PORT], tcp://HOST:PORT or the name of a Docker context"
              .formatted(printable(given)));
    }
    return context(given, folder);
  }

  private static EngineAddress of(String text, String endpoint, @Nullable Path certificates) {
    URI uri;
    try {
      uri = new URI(endpoint);
    } catch (URISyntaxException e) {
      throw new RefusedException(
          "%s is no address of an engine: %s".formatted(printable(text), e.getReason()), e);
    }
    String scheme = String.valueOf(uri.getScheme());
    if (scheme.equals("unix")) {
      return new EngineAddress(text, Transport.UNIX, "", -1, "", uri.getPath(), null);
    }
    String host = Objects.toString(uri.getHost(), "").replaceAll("^\\[|]$", "");
    String user = Objects.toString(uri.getUserInfo(), "");
    if (!scheme.equals("ssh") && !scheme.equals("tcp")) {
      throw new RefusedException(
          "%s is no address of an engine: give ssh://[USER@]HOST[:PORT], tcp://HOST:PORT or the name of a Docker context"
              .formatted(printable(text)));
    }
    if (!HOST.matcher(host).matches() || !(user.isEmpty() || NAME.matcher(user).matches())) {
      throw new RefusedException(
          "%s names no host: give %s"
              .formatted(
                  printable(text),
                  scheme.equals("ssh") ? "ssh://[USER@]HOST[:PORT]" : "tcp://HOST:PORT"));
    }
    if (!Objects.toString(uri.getPath(), "").matches("/?")) {
      throw new RefusedException(
          "%s has a path, which can't be used: give the host alone".formatted(printable(text)));
    }
    if (scheme.equals("ssh")) {
      return new EngineAddress(text, Transport.SSH, host, uri.getPort(), user, "", null);
    }
    return tcp(text, host, uri.getPort(), certificates);
  }

  private static EngineAddress tcp(
      String text, String host, int port, @Nullable Path certificates) {
    if (certificates == null && !isLoopback(host)) {
      throw new RefusedException(
          "%s would be used without TLS, so that whoever is on the way there could read the data and be root on that host: set DOCKER_CERT_PATH for the service, or use ssh://"
              .formatted(printable(text)));
    }
    int usual = certificates == null ? PLAIN_PORT : TLS_PORT;
    return new EngineAddress(
        text, Transport.TCP, host, port < 0 ? usual : port, "", "", certificates);
  }

  private static boolean isLoopback(String host) {
    // Of a name that a resolver answers nobody knows where it leads tomorrow.
    try {
      return host.equals("localhost")
          || (host.matches("[0-9.]+|.*:.*") && InetAddress.getByName(host).isLoopbackAddress());
    } catch (UnknownHostException _) {
      return false;
    }
  }

  private static @Nullable Path hasCertificates(Path folder) {
    return Files.isRegularFile(folder.resolve("cert.pem"))
            && Files.isRegularFile(folder.resolve("key.pem"))
            && Files.isRegularFile(folder.resolve("ca.pem"))
        ? folder
        : null;
  }

  /** A context as Docker's command line keeps it. */
  private static EngineAddress context(String name, Path folder) {
    Path all = folder.resolve("contexts/meta");
    if (Files.isDirectory(all)) {
      try (DirectoryStream<Path> contexts = Files.newDirectoryStream(all)) {
        for (Path context : contexts) {
          Path file = context.resolve("meta.json");
          if (!Files.isRegularFile(file)) {
            continue;
          }
          JsonNode meta = Json.tree(Files.readString(file));
          if (meta.path("Name").asText().equals(name)) {
            String endpoint = meta.at("/Endpoints/docker/Host").asText();
            Path tls =
                folder
                    .resolve("contexts/tls")
                    .resolve(String.valueOf(context.getFileName()))
                    .resolve("docker");
            return of(name, endpoint, hasCertificates(tls));
          }
        }
      } catch (IOException | IllegalArgumentException e) {
        throw new RefusedException(
            "the Docker contexts in %s can't be read: %s".formatted(all, e.getMessage()), e);
      }
    }
    throw new RefusedException(
        "there is no Docker context %s in %s: 'docker context ls', as the user of the service, shows those that there are"
            .formatted(name, all));
  }

  private static String printable(String text) {
    String plain = text.replaceAll("[^\\x21-\\x7e]", "?");
    return plain.length() > 100 ? plain.substring(0, 100) + "…" : plain;
  }

  /** The host as ssh takes it. */
  String target() {
    return user.isEmpty() ? host : user + "@" + host;
  }
}
