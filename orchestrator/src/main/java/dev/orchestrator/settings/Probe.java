package dev.orchestrator.settings;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A check of the stack's own, beside the health checks of its services.
 *
 * @param timeout of one try
 */
public record Probe(String name, String service, Check check, Duration timeout) {

  /** What is asked. */
  public sealed interface Check {}

  /**
   * GET over HTTP.
   *
   * @param port of the service, inside
   * @param status the status that is right
   * @param body a pattern that must be found in the body, or null
   */
  public record Http(int port, String path, int status, @Nullable Pattern body) implements Check {}

  /** A connection that is accepted. */
  public record Tcp(int port) implements Check {}

  /** A command inside the service that exits with 0. */
  public record Exec(List<String> command) implements Check {}
}
