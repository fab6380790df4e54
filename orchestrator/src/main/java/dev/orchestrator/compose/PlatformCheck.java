package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.engine.Platform;
import java.util.Map;

/**
 * Refuses services of another platform than the engine's: all images are taken for that one, and a
 * service would silently run another program than the compose file says.
 */
final class PlatformCheck {
  /** The variable with which Compose sets the platform of services that name none. */
  private static final String VARIABLE = "DOCKER_DEFAULT_PLATFORM";

  private PlatformCheck() {}

  /**
   * Checks services.
   *
   * @param variables those that Compose reads the file with
   */
  static void check(
      ComposeFindings findings,
      Map<String, ObjectNode> services,
      Map<String, String> variables,
      Platform engine) {
    services.forEach((name, service) -> {
      String wanted = ComposeModel.text(service.path("platform"));
      if (!wanted.isBlank() && !engine.is(wanted)) {
        findings.refuse("service " + name, "platform", problem(wanted, engine));
      }
    });
    String wanted = variables.getOrDefault(VARIABLE, "");
    if (!wanted.isBlank() && !engine.is(wanted)) {
      findings.refuse("variable " + VARIABLE + ": " + problem(wanted, engine));
    }
  }

  private static String problem(String wanted, Platform engine) {
    return "this engine's images are for %s, not for %s: remove it, and name an image that there is for %s"
        .formatted(engine, wanted, engine);
  }
}
