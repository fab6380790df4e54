package dev.orchestrator.whole;

import static dev.orchestrator.testing.OtherHostFixture.assertDone;
import static dev.orchestrator.testing.OtherHostFixture.assertNoneLost;
import static dev.orchestrator.testing.OtherHostFixture.end;
import static dev.orchestrator.testing.OtherHostFixture.printHold;
import static dev.orchestrator.testing.OtherHostFixture.runningHere;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.CommandException;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.MovePlan;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.OtherHostFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.SubprocessLoad;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A stack moves to another engine and back, by ssh, while a client writes all the time. */
@Tag("engine")
@Rotates
@Timeout(240)
class MoveEngineTest {
  @TempDir static Path shared;
  private static OtherHostFixture host;

  @TempDir Path directory;

  @BeforeAll
  static void startOtherHost() throws Exception {
    host = new OtherHostFixture(shared);
  }

  @AfterAll
  static void stopOtherHost() {
    if (host != null) {
      host.close();
    }
  }

  @Test
  void aStackMovesToAnotherHostAndBackAndLosesNothing() throws Exception {
    try (ServiceProcessFixture service = host.service(directory)) {
      String stack = service.status().stack();
      String addresses = addresses("", runningHere(stack).getFirst());
      List<String> before = host.contents();
      MovePlan plan = plan(service);
      assertEquals(List.of(), plan.refusals());
      assertTrue(plan.needed() > 0, plan.toString());
      assertTrue(plan.free() > 1L << 30 && plan.free() < 4L << 30, "free: " + plan.free());
      assertEquals(before, host.contents(), "a plan changes nothing");
      try (SubprocessLoad client = new SubprocessLoad(service.port).start()) {
        Receipt moved = end(service, host.move(service));
        assertDone(moved);
        printHold("move", moved);
        assertNoneLost(client);
        assertEquals(List.of(), runningHere(stack), "here");
        Status status = service.status();
        Status.Side serving = status.serving();
        assertNotNull(serving);
        assertEquals(List.of(serving.container()), host.running(service), "there");
        assertEquals(host.ssh.address(), serving.engine());
        assertEquals(addresses, addresses(host.engine.host(), serving.container()));

        // A restart of the service leads there again.
        service.kill();
        service.start();
        Status _ = service.awaitServing();
        assertNoneLost(client);

        CommandException refused =
            assertThrows(
                CommandException.class,
                () -> service.requestRun("/v1/upgrades", Map.of("version", "v2")));
        assertTrue(
            String.valueOf(refused.getMessage()).contains("the stack serves on ssh://"),
            refused.toString());

        Receipt back = end(service, service.requestRun("/v1/rollback", Map.of("data", "carry")));
        assertDone(back);
        printHold("back with the data", back);
        assertNoneLost(client);
        assertEquals(List.of(), host.running(service), "there");
        System.out.printf("%d acknowledged%n", client.acknowledged().size());
      }
    }
  }

  /** The addresses of the two services in their network. */
  private static String addresses(String engine, String container) {
    try (Engine asked = DockerEngine.connect(engine, Duration.ofSeconds(30))) {
      String found =
          asked
              .exec(
                  container,
                  List.of(
                      "bash",
                      "-c",
                      "docker inspect $(docker ps -q) | jq -r '.[] | .Name + \" \" +"
                          + " .NetworkSettings.Networks[].IPAddress' | sort"),
                  Duration.ofSeconds(30))
              .stdout();
      assertEquals(2, found.lines().filter(line -> line.contains(" 172.30.1.")).count(), found);
      return found;
    }
  }

  private static MovePlan plan(ServiceProcessFixture service) {
    return Json.read(
        service
            .api()
            .get(
                "/v1/move-plan?" + ApiClient.parameter("to", host.ssh.address()),
                Duration.ofMinutes(2)),
        MovePlan.class);
  }

  @Test
  void fromAHostThatIsGoneTheStackServesHereAgainWithTheDataAsOfTheMove() throws Exception {
    try (ServiceProcessFixture service = host.service(directory)) {
      String stack = service.status().stack();
      Set<Integer> before;
      try (SubprocessLoad client = new SubprocessLoad(service.port).start()) {
        service.awaitCondition("lines are written", () -> client.acknowledged().size() > 10);
        before = client.acknowledged();
        assertDone(end(service, host.move(service)));
      }
      host.ssh.goAway();
      service.awaitCondition(
          "the status tells it", () -> service.status().attention().contains("rollback --lost"));
      Receipt back = end(service, service.requestRun("/v1/rollback", Map.of("lost", true)));
      assertDone(back);
      assertTrue(back.notes().toString().contains("it is lost"), back.notes().toString());
      before.removeAll(new SubprocessLoad(service.port).readNumbers());
      assertEquals(Set.of(), before, "written before the move");
      Status.Side serving = service.status().serving();
      assertNotNull(serving);
      assertEquals(List.of(serving.container()), runningHere(stack));

      host.ssh.start();
      service.awaitCondition(
          "what came back does not serve beside it", () -> host.running(service).isEmpty());
    } finally {
      host.ssh.start();
    }
  }

  @Test
  void whatIsNoOtherEngineIsRefusedWithItsReasonAndNothingChanges() throws Exception {
    try (ServiceProcessFixture service = host.service(directory)) {
      refuse(service, "nowhere", "there is no Docker context nowhere");
      refuse(service, "tcp://192.0.2.1:2375", "without TLS");
      Receipt same =
          end(service, service.requestRun("/v1/move", Map.of("to", "tcp://127.0.0.1:1")));
      assertEquals(Outcome.REFUSED, same.upgrade().outcome());
      assertTrue(same.upgrade().reason().contains("no Docker engine answers"), same.toString());
      host.ssh.forgetKey();
      Receipt unknown = end(service, host.move(service));
      assertEquals(Outcome.REFUSED, unknown.upgrade().outcome());
      assertTrue(
          unknown
              .upgrade()
              .reason()
              .contains("the host key of %s is not known".formatted(host.ssh.host())),
          unknown.upgrade().reason());
    } finally {
      host.ssh.rememberKey();
    }
  }

  private static void refuse(ServiceProcessFixture service, String to, String words) {
    CommandException refused =
        assertThrows(
            CommandException.class, () -> service.requestRun("/v1/move", Map.of("to", to)));
    assertTrue(String.valueOf(refused.getMessage()).contains(words), refused.toString());
  }
}
