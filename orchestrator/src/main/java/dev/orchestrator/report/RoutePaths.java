package dev.orchestrator.report;

import dev.orchestrator.report.DoctorReport.Check;
import dev.orchestrator.settings.RoutePath;
import dev.orchestrator.traffic.Traffic.RouteState;
import java.util.List;

/** Tells which way the clients of routes take that the kernel may lead. */
final class RoutePaths {
  private RoutePaths() {}

  /** In a line, for a plan; empty where no route is one that the kernel may lead. */
  static String describe(List<RouteState> routes) {
    List<String> lines = asked(routes).stream().map(RoutePaths::describe).toList();
    return lines.isEmpty()
        ? ""
        : "paths: %s; from the hold to the end of the run all come by the proxy"
            .formatted(String.join("; ", lines));
  }

  /** Whether there is anything to check. */
  static boolean areAsked(List<RouteState> routes) {
    return !asked(routes).isEmpty();
  }

  /** A check: a route that was told to take the kernel's path, and does not, is a warning. */
  static Check check(List<RouteState> routes) {
    List<RouteState> asked = asked(routes);
    boolean missed =
        asked.stream()
            .anyMatch(
                each -> each.path().wanted() == RoutePath.KERNEL && !each.path().why().isEmpty());
    return new Check(
        "paths",
        missed ? DoctorReport.State.WARNING : DoctorReport.State.GOOD,
        String.join("; ", asked.stream().map(RoutePaths::describe).toList()),
        missed
            ? "see to the reason, or write path = proxy for the route: clients are served all the"
                + " same"
            : "");
  }

  private static List<RouteState> asked(List<RouteState> routes) {
    return routes.stream().filter(each -> each.path().wanted() != RoutePath.PROXY).toList();
  }

  private static String describe(RouteState route) {
    return route.path().kernel()
        ? "%s by the kernel".formatted(route.name())
        : "%s by the proxy: %s".formatted(route.name(), route.path().why());
  }
}
