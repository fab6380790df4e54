package dev.orchestrator.engine;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.transport.DockerHttpClient;
import com.github.dockerjava.transport.SSLConfig;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import dev.orchestrator.engine.EngineException.Kind;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A connection to one engine, with the API version that both sides speak. Thread-safe.
 *
 * @param shown the address as a person gave it
 * @param address that is connected to: a Unix socket or a tcp address
 * @param api that version, such as {@code 1.41}
 * @param tls for a tcp address; null for one without
 * @param reachedHost the address of the engine's host; empty for this host
 * @param tunnel that the socket belongs to; null where there is none
 */
record EngineConnection(
    String shown,
    String address,
    String api,
    DockerClient client,
    RawEngineHttp raw,
    TimedCalls calls,
    @Nullable SSLContext tls,
    String reachedHost,
    @Nullable SshTunnel tunnel)
    implements Closeable {
  /** Docker 20.10, the oldest engine whose API has every call that this package makes. */
  private static final ApiVersion OLDEST = new ApiVersion(1, 41);

  /** The newest version that this package was written for; 1.52 drops fields that it reads. */
  private static final ApiVersion NEWEST = new ApiVersion(1, 47);

  private static final String DEFAULT = "unix:///var/run/docker.sock";

  /**
   * The engine's address: the configured one, else that of {@code DOCKER_HOST}, else the default.
   */
  static String address(String configured, @Nullable String environment) {
    if (!configured.isBlank()) {
      return configured.strip();
    }
    return environment == null || environment.isBlank() ? DEFAULT : environment.strip();
  }

  static EngineConnection open(String address, Duration timeout) {
    if (!address.startsWith("unix://") && !address.startsWith("tcp://")) {
      throw new EngineException(
          Kind.UNREACHABLE,
          "connecting to the Docker engine: can't use the address %s; use unix:///path or tcp://host:port"
              .formatted(address));
    }
    return open(address, address, null, timeout, "", null);
  }

  /**
   * Another engine.
   *
   * @param home the service's own folder
   */
  static EngineConnection open(EngineAddress to, Path home, Duration timeout) {
    return switch (to.transport()) {
      case UNIX -> open(to.text(), "unix://" + to.socket(), null, timeout, "127.0.0.1", null);
      case TCP ->
          open(
              to.text(),
              "tcp://%s:%d"
                  .formatted(
                      to.host().contains(":") ? "[" + to.host() + "]" : to.host(), to.port()),
              to.certificates(),
              timeout,
              numeric(to.host()),
              null);
      case SSH -> {
        SshTunnel tunnel = SshTunnel.open(to, home, timeout);
        try {
          String reached = tunnel.reachedHost();
          yield open(
              to.text(),
              "unix://" + tunnel.socket(),
              null,
              timeout,
              reached.isEmpty() ? numeric(to.host()) : reached,
              tunnel);
        } catch (RuntimeException e) {
          closeQuietly(tunnel);
          throw e;
        }
      }
    };
  }

  private static void closeQuietly(SshTunnel tunnel) {
    try {
      tunnel.close();
    } catch (IOException _) {
      return; // What has failed before says more.
    }
  }

  private static String numeric(String host) {
    try {
      return InetAddress.getByName(host).getHostAddress();
    } catch (UnknownHostException e) {
      throw new EngineException(
          Kind.UNREACHABLE,
          "connecting to the Docker engine at %s: no host of that name is known".formatted(host),
          e);
    }
  }

  private static EngineConnection open(
      String shown,
      String address,
      @Nullable Path certificates,
      Duration timeout,
      String reachedHost,
      @Nullable SshTunnel tunnel) {
    EngineFailures failures =
        new EngineFailures(shown, tunnel == null ? () -> "" : tunnel::lastError);
    TimedCalls calls = new TimedCalls(failures);
    String doing = "connecting to the Docker engine";
    String spoken =
        calls.call(
            doing,
            timeout,
            () -> {
              try (DockerHttpClient http =
                  transport(config(address, certificates, null), timeout)) {
                return negotiate(
                    shown,
                    new RawEngineHttp(http, failures).header(doing, "/_ping", "Api-Version"));
              }
            });
    return calls.call(
        doing,
        timeout,
        () -> {
          DefaultDockerClientConfig config = config(address, certificates, spoken);
          DockerHttpClient http = transport(config, timeout);
          @Nullable SSLConfig ssl = config.getSSLConfig();
          return new EngineConnection(
              shown,
              address,
              spoken,
              DockerClientImpl.getInstance(config, http),
              new RawEngineHttp(http, failures),
              calls,
              ssl == null || address.startsWith("unix:") ? null : ssl.getSSLContext(),
              reachedHost,
              tunnel);
        });
  }

  /**
   * The newest version that both speak. The client library doesn't negotiate: without a version a
   * new engine refuses its requests, and an old engine takes them for its own version's.
   */
  static String negotiate(String address, @Nullable String server) {
    ApiVersion theirs = ApiVersion.parse(server);
    if (theirs.compareTo(OLDEST) < 0) {
      throw new EngineException(
          Kind.TOO_OLD,
          "the Docker engine at %s speaks API %s; %s (Docker 20.10) is the oldest that works: update it"
              .formatted(address, server, OLDEST));
    }
    return (theirs.compareTo(NEWEST) < 0 ? theirs : NEWEST).toString();
  }

  private static DefaultDockerClientConfig config(
      String address, @Nullable Path certificates, @Nullable String api) {
    DefaultDockerClientConfig.Builder builder =
        DefaultDockerClientConfig.createDefaultConfigBuilder().withDockerHost(address);
    if (certificates != null) {
      builder = builder.withDockerTlsVerify(true).withDockerCertPath(certificates.toString());
    }
    return api == null ? builder.build() : builder.withApiVersion(api).build();
  }

  private static DockerHttpClient transport(DefaultDockerClientConfig config, Duration timeout) {
    return new ZerodepDockerHttpClient.Builder()
        .dockerHost(URI.create(config.getDockerHost().toString()))
        .sslConfig(config.getSSLConfig())
        .connectionTimeout(timeout)
        .build();
  }

  @Override
  public void close() throws IOException {
    try {
      client.close();
    } finally {
      if (tunnel != null) {
        tunnel.close();
      }
    }
  }
}
