package dev.orchestrator.engine;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.transport.DockerHttpClient;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import dev.orchestrator.engine.EngineException.Kind;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A connection to one engine, with the API version that both sides speak. Thread-safe.
 *
 * @param api that version, such as {@code 1.41}
 */
record EngineConnection(
    String address, String api, DockerClient client, RawEngineHttp raw, TimedCalls calls)
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
    EngineFailures failures = new EngineFailures(address);
    TimedCalls calls = new TimedCalls(failures);
    String doing = "connecting to the Docker engine";
    String spoken =
        calls.call(
            doing,
            timeout,
            () -> {
              try (DockerHttpClient http = transport(config(address, null), timeout)) {
                return negotiate(
                    address,
                    new RawEngineHttp(http, failures).header(doing, "/_ping", "Api-Version"));
              }
            });
    return calls.call(
        doing,
        timeout,
        () -> {
          DefaultDockerClientConfig config = config(address, spoken);
          DockerHttpClient http = transport(config, timeout);
          return new EngineConnection(
              address,
              spoken,
              DockerClientImpl.getInstance(config, http),
              new RawEngineHttp(http, failures),
              calls);
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

  private static DefaultDockerClientConfig config(String address, @Nullable String api) {
    DefaultDockerClientConfig.Builder builder =
        DefaultDockerClientConfig.createDefaultConfigBuilder().withDockerHost(address);
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
    client.close();
  }
}
