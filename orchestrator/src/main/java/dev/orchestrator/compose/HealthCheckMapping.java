package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.engine.ImageHealthCheck;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Has the inner engine run the services' health checks often while a service starts: otherwise it
 * runs the first one after a whole interval, and in an upgrade clients wait for that. Changes the
 * services that it is given.
 *
 * <p>The engine counts a failed check from the end of {@code start_period} on, and runs the checks
 * at {@code start_interval} until then. Without a start period it would count the first failure
 * after one interval: a start period of one interval leaves that as it is, and with it the time
 * until a service that never gets well is unhealthy. A start period of the compose file or of the
 * image stays what it is.
 */
final class HealthCheckMapping {
  /** Between two checks of a service that starts, at the least: clients wait for its first one. */
  private static final Duration SHORTEST = Duration.ofMillis(250);

  /** With many services longer, as a check is a process that takes time from what starts. */
  private static final Duration FOR_EACH_SERVICE = Duration.ofMillis(25);

  /** The engine's own, for a check that doesn't say. */
  private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(30);

  /** A first check that comes later than this deserves a warning, as clients wait for it. */
  private static final Duration SOON = Duration.ofSeconds(5);

  private static final Pattern PART = Pattern.compile("([0-9]*\\.?[0-9]+)(ns|us|µs|ms|s|m|h)");

  private final ComposeFindings findings;
  private final boolean startIntervals;
  private final Duration often;

  /**
   * Maps health checks for an inner engine.
   *
   * @param startIntervals whether it knows start intervals: Docker 25 and newer, and its Compose
   * @param services how many the version has
   */
  HealthCheckMapping(ComposeFindings findings, boolean startIntervals, int services) {
    this.findings = findings;
    this.startIntervals = startIntervals;
    Duration shared = FOR_EACH_SERVICE.multipliedBy(services);
    this.often = shared.compareTo(SHORTEST) < 0 ? SHORTEST : shared;
  }

  /**
   * Maps the health check of a service, which may be its own, its image's, or its own with parts of
   * its image's.
   *
   * @param image that the service's image declares, or null
   */
  void map(String name, ObjectNode service, @Nullable ImageHealthCheck image) {
    JsonNode own = service.path("healthcheck");
    List<String> test = ComposeModel.texts(own.path("test"));
    boolean none = own.path("disable").asBoolean() || test.contains("NONE");
    if (none || (test.isEmpty() && image == null)) {
      return;
    }
    ImageHealthCheck base =
        image == null ? new ImageHealthCheck(Duration.ZERO, Duration.ZERO, Duration.ZERO) : image;
    Duration interval = set(own, "interval", base.interval(), DEFAULT_INTERVAL);
    Duration startPeriod = set(own, "start_period", base.startPeriod(), Duration.ZERO);
    Duration startInterval = set(own, "start_interval", base.startInterval(), Duration.ZERO);
    if (!startIntervals) {
      if (own instanceof ObjectNode object) {
        object.remove("start_interval");
      }
      if (interval.compareTo(SOON) > 0) {
        findings.warn(
            "service %s: its first health check comes %d s after its start, and clients wait for it in an upgrade: image.base has an engine or a Compose without start_interval (Docker 25, Compose 2.21)"
                .formatted(name, interval.toSeconds()));
      }
      return;
    }
    // Newer versions of Compose want a start period beside a start interval, even if the image has
    // it.
    boolean ofImage = own.path("start_interval").isMissingNode() && !startInterval.isZero();
    if (startPeriod.isZero()) {
      service.withObjectProperty("healthcheck").put("start_period", text(interval));
    } else if (duration(own.path("start_period").asText("")).isZero() && !ofImage) {
      service.withObjectProperty("healthcheck").put("start_period", text(startPeriod));
    }
    if (startInterval.isZero()) {
      Duration shorter = interval.compareTo(often) < 0 ? interval : often;
      service.withObjectProperty("healthcheck").put("start_interval", text(shorter));
    }
  }

  /** A time of the service, else of its image, else the default; zero counts as not set. */
  private static Duration set(JsonNode own, String key, Duration ofImage, Duration otherwise) {
    Duration time = duration(own.path(key).asText(""));
    if (time.isZero()) {
      time = ofImage;
    }
    return time.isZero() ? otherwise : time;
  }

  /** A time as Compose prints it, such as {@code 1m30s}; zero when there is none. */
  static Duration duration(String text) {
    Duration sum = Duration.ZERO;
    Matcher part = PART.matcher(text);
    while (part.find()) {
      double nanos =
          Double.parseDouble(part.group(1))
              * switch (part.group(2)) {
                case "ns" -> 1;
                case "us", "µs" -> 1e3;
                case "ms" -> 1e6;
                case "s" -> 1e9;
                case "m" -> 60e9;
                default -> 3600e9;
              };
      sum = sum.plusNanos(Math.round(nanos));
    }
    return sum;
  }

  private static String text(Duration time) {
    return time.toNanosPart() % 1_000_000 == 0
        ? time.toMillis() + "ms"
        : time.toNanos() / 1_000 + "us";
  }
}
