package dev.orchestrator.capsule.image;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.capsule.runtime.RunFlags;
import dev.orchestrator.compose.CapsuleStack;
import dev.orchestrator.settings.RouteSettings;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The command by which a capsule image runs on any host with Docker, without the orchestrator: with
 * the rights that it needs, its ports, and a volume for its data. It stands in a label of the
 * image, and {@code docker run IMAGE help} prints it. Stateless.
 */
final class RunCommand {
  private RunCommand() {}

  /**
   * The command, an option a line, for a shell.
   *
   * @param flags those that every capsule needs, as {@link RunFlags#lines} has them
   */
  static String of(
      String stack,
      String reference,
      List<String> flags,
      CapsuleStack capsule,
      List<RouteSettings> routes) {
    List<String> options = new ArrayList<>();
    options.add("--name=" + stack);
    options.add("--volume=" + stack + "-data:/data");
    publish(capsule, routes).forEach(port -> options.add("--publish=" + port));
    capsule.variables().forEach(name -> options.add("--env=" + name));
    Set<String> rights = new LinkedHashSet<>(flags);
    rights.addAll(capsule.grants().flags().lines().toList());
    options.addAll(rights);
    StringBuilder text = new StringBuilder("docker run --detach \\\n");
    options.forEach(option -> text.append("  ").append(quoted(option)).append(" \\\n"));
    return text.append("  ").append(reference).toString();
  }

  /**
   * The capsule's ports behind the routes, and none that only probes use; without routes of its own
   * those of the compose file. The number that a route listens at is no matter of the image.
   */
  private static Set<String> publish(CapsuleStack capsule, List<RouteSettings> routes) {
    Set<String> published = new LinkedHashSet<>();
    for (RouteSettings route : routes) {
      String host = route.listen().isLoopback() ? "127.0.0.1:" : "";
      for (int port : route.servicePorts()) {
        Integer to = capsule.ports().get(route.portKey(port));
        if (to != null) {
          boolean udp = route.options().protocol().isDatagram();
          published.add("%s%d:%d%s".formatted(host, to, to, udp ? "/udp" : ""));
        }
      }
    }
    if (!published.isEmpty()) {
      return published;
    }
    for (JsonNode service : capsule.compose().path("services")) {
      for (JsonNode port : service.path("ports")) {
        String number = port.path("published").asText("");
        if (number.matches("[0-9]+")) {
          boolean udp = port.path("protocol").asText("tcp").equals("udp");
          published.add(number + ":" + number + (udp ? "/udp" : ""));
        }
      }
    }
    return published;
  }

  private static String quoted(String option) {
    return option.matches("[A-Za-z0-9_./:=,@+-]+")
        ? option
        : "'" + option.replace("'", "'\\''") + "'";
  }
}
