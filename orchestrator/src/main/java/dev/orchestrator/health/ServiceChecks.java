package dev.orchestrator.health;

import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.common.OutputText;
import java.time.Duration;
import java.util.Optional;

/**
 * Judges an inner service by the state of its container. It is well when it runs and, where it has
 * a health check, is healthy; or when it is a task and ended with code 0. A container that the
 * engine restarts is in the state "restarting": a container that has exited with an error stays so.
 */
public final class ServiceChecks {
  /** A first check that comes later than this is said, as a reader would wonder. */
  private static final Duration SOON = Duration.ofSeconds(2);

  private ServiceChecks() {}

  /** What is wrong with a service, in one line; empty when it is well. */
  public static String problem(InnerService service) {
    return check(service).map(HealthProblem::text).orElse("");
  }

  static Optional<HealthProblem> check(InnerService service) {
    return switch (service.state()) {
      case "running" -> running(service);
      case "exited" -> exited(service);
      case "restarting" ->
          problem(
              service,
              "restarts again and again (%d times), exit code %d"
                  .formatted(service.restarts(), service.exitCode()),
              false);
      case "missing" -> problem(service, "has no container", true);
      case "created" -> problem(service, "was not started", true);
      default -> problem(service, "is " + service.state(), true);
    };
  }

  private static Optional<HealthProblem> exited(InnerService service) {
    if (service.exitCode() != 0) {
      return problem(service, "exited with code " + service.exitCode(), true);
    }
    return service.mayEnd()
        ? Optional.empty()
        : problem(service, "has ended (exit code 0), but it should go on", true);
  }

  private static Optional<HealthProblem> running(InnerService service) {
    return switch (service.health()) {
      case "healthy", "none" -> Optional.empty();
      case "starting" ->
          unhealthy(
              service,
              "its health check has not passed yet"
                  + (service.firstCheck().compareTo(SOON) > 0
                      ? ": its first run comes after %d s"
                          .formatted(service.firstCheck().toSeconds())
                      : ""));
      default -> unhealthy(service, "is " + service.health());
    };
  }

  private static Optional<HealthProblem> unhealthy(InnerService service, String brief) {
    String telling = OutputText.tellingLine(service.checkOutput());
    String text =
        telling.isEmpty()
            ? brief
            : "%s: its health check says: %s"
                .formatted(brief, OutputText.quote(telling, HealthChecker.MAX_QUOTE));
    return Optional.of(new HealthProblem(subject(service), service.service(), brief, text, false));
  }

  private static Optional<HealthProblem> problem(
      InnerService service, String text, boolean lasting) {
    return Optional.of(new HealthProblem(subject(service), service.service(), text, lasting));
  }

  private static String subject(InnerService service) {
    return "service " + service.service();
  }
}
