package dev.orchestrator.health;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import dev.orchestrator.testing.FreePorts;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The rounds of the checker, on a clock that moves when the checker pauses. */
class HealthCheckerTest {
  private static final VerifySettings THREE_PASSES =
      new VerifySettings(3, Duration.ofSeconds(1), Duration.ofSeconds(10));

  private final Vertx vertx = Vertx.vertx();
  private final List<String> said = new ArrayList<>();
  private Instant now = Instant.EPOCH;
  private final HealthChecker checker =
      new HealthChecker(
          vertx,
          new RouteChecks(List.of()),
          () -> now,
          time -> now = now.plus(time),
          Duration.ofMillis(5));
  private final FakeServiceCapsule capsule = new FakeServiceCapsule();

  @AfterEach
  void tearDown() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get();
  }

  @Test
  void passesMustComeInARow() {
    capsule
        .round("db running healthy 0")
        .round("db running healthy 0")
        .round("db running unhealthy 0")
        .round("db running healthy 0");
    assertEquals(
        "1 services healthy, 1 probes passed, 3 times in a row, after 5.0 s", await("true"));
    assertEquals(6, capsule.asked());
    assertEquals(
        List.of(
            "healthy 1 of 3",
            "healthy 2 of 3",
            "service db: is unhealthy",
            "healthy 1 of 3",
            "healthy 2 of 3",
            "healthy 3 of 3"),
        said);
  }

  @Test
  void theTimeThatARoundTakesIsPartOfTheIntervalButNeverAllOfIt() {
    capsule.round("db running healthy 0");
    capsule.asking = () -> now = now.plusMillis(700);
    assertEquals(
        "1 services healthy, 1 probes passed, 3 times in a row, after 2.7 s", await("true"));
    now = Instant.EPOCH;
    capsule.asking = () -> now = now.plusMillis(3_000);
    assertEquals(
        "1 services healthy, 1 probes passed, 3 times in a row, after 9.4 s", await("true"));
  }

  @Test
  void deadlineNamesEachFailingServiceAndProbe() {
    capsule.round("db running starting 0", "web running healthy 0");
    HealthException e = assertThrows(HealthException.class, () -> await("false"));
    assertEquals(
        "green is not healthy after 10 s: "
            + "service db: its health check has not passed yet (its log ends with: out of memory); "
            + "probe command: false: exit code 1: it says no (its log ends with: out of memory)",
        e.getMessage());
    assertTrue(e.ranOut());
    assertEquals(Instant.EPOCH.plusSeconds(10), now);
  }

  @Test
  void serviceThatEndedForGoodIsNotWaitedFor() {
    capsule.round("db running starting 0").round("db exited none 1");
    HealthException e = assertThrows(HealthException.class, () -> await("true"));
    assertEquals(
        "green can't become healthy: service db: exited with code 1 (its log ends with: out of"
            + " memory)",
        e.getMessage());
    assertFalse(e.ranOut());
    assertEquals(Instant.EPOCH.plusSeconds(5), now);
  }

  @Test
  void momentOfAStartIsNotFinal() {
    capsule.round("db created none 0").round("db exited none 137").round("db running healthy 0");
    await("true");
  }

  @Test
  void capsuleThatDoesNotAnswerIsAProblemNotACrash() {
    capsule.round().round("db running healthy 0");
    await("true");
    assertEquals(
        "capsule: capsule green: asking for its services' state: no answer", said.getFirst());
  }

  @Test
  void anEngineThatWasAwayIsNoFaultOfTheCapsule() {
    capsule.round("db running healthy 0", "web running healthy 0");
    capsule.asking =
        () -> {
          if (capsule.asked() == 2) {
            throw new CapsuleException(
                "capsule green: asking: no Docker engine answers",
                new EngineException(EngineException.Kind.UNREACHABLE, "no Docker engine answers"));
          }
        };
    assertEquals(
        "2 services healthy, 1 probes passed, 3 times in a row, after 4.0 s", await("true"));
    capsule.asked = 0;
    CapsuleException e = assertThrows(CapsuleException.class, () -> await("false"));
    assertEquals(
        "green is not healthy after 10 s: probe command: false: exit code 1: it says no (its log"
            + " ends with: out of memory); the engine was away in between",
        e.getMessage());
    assertTrue(e.isOutage());
  }

  /** It was written for a version that has that service. */
  @Test
  void aProbeOfAServiceThatTheVersionLacksIsNotAsked() {
    capsule.round("db running healthy 0");
    assertEquals(List.of(), checker.check(capsule, probes("false"), Map.of()));
  }

  @Test
  void theReasonIsTheLineOfACheckAndOfALogThatTellsIt() {
    capsule.checkOutput =
        """
        Exception in thread "main" java.lang.IllegalStateException: no schema
        \tat shop.Check.main(Check.java:9)
        Caused by: java.sql.SQLException: Access denied for user 'shop'
        \tat com.mysql.Connection.open(Connection.java:815)
        \t... 4 more
        """;
    capsule.log =
        List.of(
            "web-1  | 2026-11-02T04:00:00.1Z listening",
            "web-1  | 2026-11-02T04:00:01.1Z Traceback (most recent call last):",
            "web-1  | 2026-11-02T04:00:01.1Z   File \"/app.py\", line 3, in open",
            "web-1  | 2026-11-02T04:00:01.1Z     connect()",
            "web-1  | 2026-11-02T04:00:01.1Z OperationalError: gone away",
            "web-1  | 2026-11-02T04:00:01.1Z ");
    capsule.round("web running unhealthy 0");
    HealthException e = assertThrows(HealthException.class, () -> await("true"));
    assertEquals(
        "green is not healthy after 10 s: service web: is unhealthy: its health check says: Caused"
            + " by: java.sql.SQLException: Access denied for user 'shop' (its log ends with:"
            + " listening | OperationalError: gone away)",
        e.getMessage());
    assertEquals(List.of("service web: is unhealthy"), said);
  }

  @Test
  void aLongProbeIsAShortLineOfProgressWhichChangesOnlyWithWhatIsWrong() {
    capsule.round("web running healthy 0");
    capsule.commandOutput = "a line of a long answer ".repeat(20);
    assertThrows(
        HealthException.class,
        () -> await("mysql --user=shop --password=secret --execute='SELECT count(*) FROM t'"));
    assertEquals(1, said.size(), said.toString());
    assertEquals("probe command: exit code 1", said.getFirst());
    assertFalse(said.getFirst().contains("secret"));
  }

  @Test
  void oneRoundSaysWhatIsWrongNow() {
    capsule.round("db restarting none 2", "web running healthy 0");
    assertEquals(
        List.of("service db: restarts again and again (0 times), exit code 2"),
        checker.check(capsule, probes("true"), Map.of()));
  }

  private static InnerService service(String name, String state, String health, int restarts) {
    return new InnerService(
        name,
        state,
        health,
        state.equals("running") ? 0 : 1,
        restarts,
        name + restarts,
        "",
        List.of(),
        true,
        Duration.ZERO,
        Duration.ofSeconds(50),
        InnerService.RETRIES,
        0,
        0);
  }

  /** The engine runs it again in a minute, and clients are waiting. */
  @Test
  void aCheckThatTheEngineRunsLateIsRunByHand() {
    capsule.services(service("db", "running", "starting", 0));
    capsule.asking =
        () -> {
          if (capsule.asked() == 3) {
            capsule.passing.add("db");
          }
        };
    assertEquals(
        "1 services healthy, 1 probes passed, 3 times in a row, after 4.0 s", await("true"));
    assertEquals(
        List.of(
            "service db: its health check has not passed yet",
            "healthy 1 of 3",
            "healthy 2 of 3",
            "healthy 3 of 3"),
        said);
  }

  /** The engine's own runs of the check are half a minute apart; a bake window is shorter. */
  @Test
  void aServiceThatIsWatchedIsUnhealthyWhenItsCheckFailsAsOftenAsTheEngineAllows() {
    capsule.services(service("db", "running", "healthy", 0));
    capsule.passing.add("db");
    capsule.commandOutput = "no such table\n";
    HealthGate.Watch watch = checker.watch(capsule, List.of(), Map.of());
    List<String> found = new ArrayList<>();
    for (int second = 0; second < 12; second++) {
      if (second == 3) {
        capsule.passing.clear();
      }
      if (second == 11) {
        capsule.passing.add("db");
      }
      found.add(String.join(";", watch.look()));
      now = now.plusSeconds(1);
    }
    String failed = "service db: its health check has failed 3 times in a row: no such table";
    assertEquals(List.of("", "", "", "", "", "", "", "", failed, failed, failed, failed), found);
    now = now.plusSeconds(1);
    assertEquals(List.of(), watch.look(), "well again");
  }

  @Test
  void aServiceThatTheEngineChecksOftenIsLeftToIt() {
    capsule.round("db running healthy 0");
    assertEquals(List.of(), checker.watch(capsule, List.of(), Map.of()).look());
    assertEquals(List.of(), capsule.checked);
  }

  @Test
  void aStartIsGivenUpWhenAServiceEndsAgainAndAgain() throws Exception {
    CountDownLatch forEver = new CountDownLatch(1);
    capsule.starting = () -> awaitOrFail(forEver);
    for (int restarts = 0; restarts < 7; restarts++) {
      capsule.services(service("db", "running", "none", restarts));
      capsule.services(service("db", "restarting", "none", restarts + 1));
    }
    capsule.asking = () -> now = now.plusSeconds(1);
    HealthException e =
        assertThrows(
            HealthException.class, () -> checker.start(capsule, 1, Duration.ofDays(1), said::add));
    String message = String.valueOf(e.getMessage());
    assertTrue(
        message.startsWith(
            "green can't become healthy: service db: ends with an error again and again: exit code"
                + " 1, "),
        message);
    assertTrue(message.endsWith("(its log ends with: out of memory)"), message);
  }

  @Test
  void aStartThatFailsSaysWhichServiceAndHowItsLogEnds() {
    capsule.starting =
        () -> {
          throw new CapsuleException("compose up: container x-db-1 is unhealthy");
        };
    capsule.round("app created none 0", "db running unhealthy 0", "old exited none 137");
    CapsuleException e =
        assertThrows(
            CapsuleException.class, () -> checker.start(capsule, 1, Duration.ofDays(1), said::add));
    assertEquals(
        "compose up: container x-db-1 is unhealthy; service db: is unhealthy (its log ends with:"
            + " out of memory)",
        e.getMessage());
  }

  /** What has served before serves again as soon as clients find it well. */
  @Test
  void clientsAreServedBeforeTheEnginesOwnCheckComes() {
    capsule.services(
        service("web", "running", "starting", 0), service("worker", "running", "starting", 0));
    assertEquals("2 services healthy, 1 probes passed, 1 times in a row, after 0.0 s", serve());
    assertEquals(List.of(), capsule.checked);
  }

  @Test
  void clientsAreServedWhileTheRestIsStillBeingStarted() {
    CountDownLatch forEver = new CountDownLatch(1);
    capsule.starting = () -> awaitOrFail(forEver);
    capsule.round("web exited none 143").round("web running none 0", "worker created none 0");
    assertEquals("2 services healthy, 1 probes passed, 1 times in a row, after 0.0 s", serve());
    forEver.countDown();
  }

  @Test
  void aServiceThatClientsNeedAndThatDoesNotComeUpFailsAtOnce() {
    capsule.round("web exited none 1");
    HealthException e = assertThrows(HealthException.class, this::serve);
    assertEquals(
        "green can't become healthy: service web: exited with code 1 (its log ends with: out of"
            + " memory)",
        e.getMessage());
  }

  private String serve() {
    return checker.serve(
        capsule,
        probes("true"),
        Map.of(),
        new VerifySettings(1, Duration.ofMillis(20), Duration.ofSeconds(10)),
        said::add);
  }

  private static void awaitOrFail(CountDownLatch latch) {
    try {
      assertTrue(latch.await(30, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new CapsuleException("interrupted");
    }
  }

  /** A healthy service that nothing outside its capsule reaches serves nobody. */
  @Test
  void healthyServicesBehindADeadRouteAreNotHealthy() throws Exception {
    capsule.round("web running healthy 0");
    int port = FreePorts.next();
    HealthChecker withRoute =
        new HealthChecker(
            vertx,
            new RouteChecks(List.of(new RouteSettings("shop", "127.0.0.1", 8080, "web", 80))),
            () -> now,
            time -> now = now.plus(time),
            Duration.ofMillis(5));
    Map<String, Integer> ports = Map.of("web:80", port);
    HealthException e =
        assertThrows(
            HealthException.class,
            () -> withRoute.await(capsule, probes("true"), ports, THREE_PASSES, said::add));
    assertEquals(
        "green is not healthy after 10 s: route shop: clients can't reach port 80 of service web:"
            + " connection refused at 127.0.0.1:%d (its log ends with: out of memory)"
                .formatted(port),
        e.getMessage());
    assertTrue(e.ranOut());
    assertEquals(List.of("route shop: connection refused at port 80"), said);
    assertEquals(List.of(), withRoute.check(capsule, probes("true"), ports));
  }

  /** It was there when its services were looked at, a moment before. */
  @Test
  void anEngineThatIsGoneWhileTheRoutesAreCheckedIsWaitedFor() throws Exception {
    capsule.round("web running healthy 0");
    try (ServerSocket web = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      HealthChecker withRoute =
          new HealthChecker(
              vertx,
              new RouteChecks(List.of(new RouteSettings("shop", "127.0.0.1", 8080, "web", 80))),
              () -> now,
              time -> now = now.plus(time),
              Duration.ofMillis(5));
      AtomicInteger asked = new AtomicInteger();
      capsule.locating =
          () -> {
            if (asked.incrementAndGet() == 2) {
              throw new EngineException(
                  EngineException.Kind.UNREACHABLE, "no Docker engine answers");
            }
          };
      Map<String, Integer> ports = Map.of("web:80", web.getLocalPort());
      String found =
          withRoute.await(capsule, probes("true"), ports, THREE_PASSES, said::add).summary();
      assertTrue(found.startsWith("1 services healthy, 1 probes passed, 3 times in a row"), found);
      assertEquals("healthy 1 of 3", said.getFirst());
      assertEquals("capsule: no Docker engine answers", said.get(1));
    }
  }

  private String await(String command) {
    return checker.await(capsule, probes(command), Map.of(), THREE_PASSES, said::add).summary();
  }

  private static List<Probe> probes(String command) {
    return List.of(
        new Probe("command", "web", new Probe.Exec(List.of(command)), Duration.ofSeconds(1)));
  }
}
