package dev.orchestrator.health;

import dev.orchestrator.capsule.InnerService;
import java.util.Optional;

/**
 * What an inner service's state means: running and, where it has a health check, healthy; or a task
 * that has ended well. The engine shows one that it restarts as restarting, so that one that has
 * exited with an error stays so.
 */
final class ServiceChecks {
  private ServiceChecks() {}

  static Optional<HealthProblem> check(InnerService service) {
    return switch (service.state()) {
      case "running" -> running(service);
      case "exited" ->
          service.exitCode() == 0
              ? Optional.empty()
              : problem(service, "exited with code " + service.exitCode(), true);
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

  private static Optional<HealthProblem> running(InnerService service) {
    return switch (service.health()) {
      case "healthy", "none" -> Optional.empty();
      case "starting" -> problem(service, "its health check has not passed yet", false);
      default -> problem(service, "is " + service.health(), false);
    };
  }

  private static Optional<HealthProblem> problem(
      InnerService service, String text, boolean lasting) {
    return Optional.of(
        new HealthProblem("service " + service.service(), service.service(), text, lasting));
  }
}
