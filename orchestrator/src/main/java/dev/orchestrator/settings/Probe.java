package dev.orchestrator.settings;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A check that the stack defines beside the health checks of its services.
 *
 * @param service the inner service that it is about
 * @param timeout of one try
 */
public record Probe(String name, String service, Check check, Duration timeout) {

  /** How the service is asked. */
  public sealed interface Check {}

  /**
   * Passes when a GET over HTTP is answered as expected.
   *
   * @param port of the service, inside the capsule
   * @param status the expected status
   * @param body a pattern that must be found in the body; null for any body
   */
  public record Http(int port, String path, int status, @Nullable Pattern body) implements Check {}

  /** Passes when the service accepts a connection. */
  public record Tcp(int port) implements Check {}

  /** Passes when a command in the service's container exits with 0. */
  public record Exec(List<String> command) implements Check {}
}
