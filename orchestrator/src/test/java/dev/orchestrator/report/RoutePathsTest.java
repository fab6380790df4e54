package dev.orchestrator.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.orchestrator.settings.RoutePath;
import dev.orchestrator.traffic.Traffic.PathState;
import dev.orchestrator.traffic.Traffic.RouteState;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What plan and doctor say of the paths of routes. */
class RoutePathsTest {
  private static RouteState route(String name, RoutePath wanted, boolean kernel, String why) {
    return new RouteState(
        name, "*:80", "web:80", "open", 0, 0, 0, 0, new PathState(wanted, kernel, why, 0, 0));
  }

  @Test
  void nothingIsSaidWhereNothingWasAskedFor() {
    List<RouteState> routes = List.of(route("web", RoutePath.PROXY, false, ""));
    assertEquals("", RoutePaths.describe(routes));
    assertFalse(RoutePaths.areAsked(routes));
  }

  @Test
  void aPathThatWasAskedForAndIsMissedIsAWarning() {
    List<RouteState> routes =
        List.of(
            route("web", RoutePath.KERNEL, true, ""),
            route("db", RoutePath.KERNEL, false, "no nft"),
            route("api", RoutePath.PROXY, false, ""));
    assertEquals(
        "paths: web by the kernel; db by the proxy: no nft; from the hold to the end of the run all"
            + " come by the proxy",
        RoutePaths.describe(routes));
    assertEquals(DoctorReport.State.WARNING, RoutePaths.check(routes).state());
  }

  @Test
  void whereItIsLeftToTheHostTheProxyIsNoWarning() {
    List<RouteState> routes = List.of(route("db", RoutePath.AUTO, false, "no nft"));
    assertEquals(DoctorReport.State.GOOD, RoutePaths.check(routes).state());
    assertEquals("db by the proxy: no nft", RoutePaths.check(routes).text());
  }
}
