package dev.orchestrator.health;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.capsule.InnerService;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceChecksTest {

  @ParameterizedTest
  @CsvSource({
    "running, healthy, 0, well, false",
    "running, none, 0, well, false",
    "running, starting, 0, service a: its health check has not passed yet, false",
    "running, unhealthy, 0, service a: is unhealthy, false",
    "exited, none, 0, well, false",
    "exited, unhealthy, 3, service a: exited with code 3, true",
    "'restarting', none, 1, 'service a: restarts again and again (2 times), exit code 1', false",
    "missing, none, 0, service a: has no container, true",
    "created, none, 0, service a: was not started, true",
    "paused, healthy, 0, service a: is paused, true",
    "dead, none, 0, service a: is dead, true"
  })
  void stateTellsWhatIsWrong(
      String state, String health, int exitCode, String line, boolean lasting) {
    InnerService service = new InnerService("a", state, health, exitCode, 2, "");
    assertEquals(line, ServiceChecks.check(service).map(HealthProblem::line).orElse("well"));
    assertEquals(lasting, ServiceChecks.check(service).map(HealthProblem::lasting).orElse(false));
  }

  @Test
  void aServiceThatShouldGoOnIsNotWellOnceItHasEnded() {
    assertEquals(
        "service a: has ended (exit code 0), but it should go on",
        line(service("exited", "none", false, Duration.ZERO)));
  }

  @Test
  void aFirstCheckThatComesLateIsSaid() {
    assertEquals(
        "service a: its health check has not passed yet: its first run comes after 60 s",
        line(service("running", "starting", true, Duration.ofSeconds(60))));
    assertEquals(
        "service a: its health check has not passed yet",
        line(service("running", "starting", true, Duration.ofMillis(500))));
  }

  private static String line(InnerService service) {
    return ServiceChecks.check(service).map(HealthProblem::line).orElse("well");
  }

  private static InnerService service(
      String state, String health, boolean mayEnd, Duration firstCheck) {
    return new InnerService(
        "a",
        state,
        health,
        0,
        0,
        "",
        "",
        List.of(),
        mayEnd,
        firstCheck,
        firstCheck,
        InnerService.RETRIES,
        0,
        0);
  }
}
