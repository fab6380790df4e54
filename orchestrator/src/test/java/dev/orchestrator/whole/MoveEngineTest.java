package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.orchestrator.client.CommandException;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.PrivateEngineFixture;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.SshHostFixture;
import dev.orchestrator.testing.SubprocessLoad;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A stack moves to another engine and back, by ssh, while a client writes all the time. Two engines
 * on one machine: that of the host, and a private one.
 */
@Tag("engine")
@Timeout(300)
class MoveEngineTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  private static final String SETTINGS =
      "upgrade { hold-budget = 30s, drain-budget = 500ms, bake = 1s,"
          + " verify { passes = 1, interval = 100ms, deadline = 15s } }";

  @TempDir static Path shared;
  private static PrivateEngineFixture there;
  private static SshHostFixture host;

  @TempDir Path directory;

  @BeforeAll
  static void startOtherHost() throws Exception {
    assumeTrue(PrivateEngineFixture.isSupported(), "no dockerd here, or this isn't root");
    assumeTrue(SshHostFixture.isSupported(), "no sshd here");
    there = new PrivateEngineFixture(shared, 4L << 30);
    host = new SshHostFixture(Files.createDirectory(shared.resolve("ssh")), there.host());
  }

  @AfterAll
  static void stopOtherHost() {
    if (host != null) {
      host.close();
    }
    if (there != null) {
      there.close();
    }
  }

  private ServiceProcessFixture service(String settings) throws Exception {
    ServiceProcessFixture service =
        new ServiceProcessFixture(
            LightStackFixture.in(directory, "move" + ProcessHandle.current().pid()),
            FreePorts.next(),
            settings);
    service.setEnvironment("PATH", host.path());
    service.start();
    return service;
  }

  private static Receipt end(ServiceProcessFixture service, String run) {
    assertTrue(service.await(run, event -> event.phase().equals("end")).isPresent());
    Receipt receipt = service.receipt(run);
    return receipt;
  }

  private static void assertDone(Receipt receipt) {
    assertEquals(
        Outcome.DONE,
        receipt.upgrade().outcome(),
        () -> receipt.upgrade().reason() + " " + receipt.steps());
  }

  private static List<String> running(String engine, String stack) {
    try (Engine asked = DockerEngine.connect(engine, SOON)) {
      return asked.containers(Map.of(Labels.OURS, "1", Labels.STACK, stack)).stream()
          .filter(ContainerInfo::running)
          .map(ContainerInfo::name)
          .toList();
    }
  }

  private static void printHold(String what, Receipt receipt) {
    Receipt.Traffic traffic = receipt.traffic();
    assertNotNull(traffic);
    System.out.printf(
        "%s: %d held, longest %d ms, %d refused; steps %s%n",
        what,
        traffic.held(),
        traffic.longestHoldMillis(),
        traffic.refused(),
        receipt.steps().stream().map(step -> step.step() + " " + step.millis() + " ms").toList());
  }

  @Test
  void aStackMovesToAnotherHostAndBackAndLosesNothing() throws Exception {
    try (ServiceProcessFixture service = service(SETTINGS)) {
      String stack = service.status().stack();
      assertDone(end(service, service.requestRun("/v1/up", Map.of("version", "v1"))));
      try (SubprocessLoad client = new SubprocessLoad(service.port).start()) {
        Receipt moved =
            end(service, service.requestRun("/v1/move", Map.of("to", host.address())));
        assertDone(moved);
        printHold("move", moved);
        assertNoneLost(client);
        assertEquals(List.of(), running("", stack), "here");
        Status status = service.status();
        Status.Side serving = status.serving();
        assertNotNull(serving);
        assertEquals(List.of(serving.container()), running(there.host(), stack), "there");
        assertEquals(host.address(), serving.engine());

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

        Receipt back =
            end(service, service.requestRun("/v1/rollback", Map.of("data", "carry")));
        assertDone(back);
        printHold("back with the data", back);
        assertNoneLost(client);
        assertEquals(List.of(), running(there.host(), stack), "there");
        System.out.printf("%d acknowledged%n", client.acknowledged().size());
      }
    }
  }

  @Test
  void theOrchestratorThereTakesTheStackOverAsItRuns() throws Exception {
    Path folder = Files.createDirectory(directory.resolve("other"));
    try (ServiceProcessFixture service = service(SETTINGS);
        ServiceProcessFixture other =
            ServiceProcessFixture.withoutStacks(
                folder, "engine.host = \"%s\"".formatted(there.host()))) {
      String stack = service.status().stack();
      assertDone(end(service, service.requestRun("/v1/up", Map.of("version", "v1"))));
      try (SubprocessLoad client = new SubprocessLoad(service.port).start()) {
        assertDone(end(service, service.requestRun("/v1/move", Map.of("to", host.address()))));
        Status.Side serving = service.status().serving();
        assertNotNull(serving);
        CommandException early =
            assertThrows(CommandException.class, () -> post(service, "/v1/move-done", Map.of()));
        assertTrue(
            String.valueOf(early.getMessage()).contains("import --attach"), early.toString());

        other.start();
        post(other, "/v1/attach", Map.of("container", stack));
        assertEquals(List.of(serving.container()), running(there.host(), stack));
        CommandException taken =
            assertThrows(
                CommandException.class,
                () -> service.requestRun("/v1/rollback", Map.of("data", "carry")));
        assertTrue(
            String.valueOf(taken.getMessage()).contains("has taken the stack over"),
            taken.toString());
        assertNoneLost(client);

        // On one machine the address moves when the first lets the port go.
        post(service, "/v1/move-done", Map.of("now", true));
        other.awaitCondition(
            "the routes are open there",
            () ->
                Json.tree(other.api().get("/v1/status")).path("attention").asText("?").isEmpty());
        assertNoneLost(client);
        assertEquals("empty", service.status().state());
        assertEquals(
            "v1", Json.tree(other.api().get("/v1/status")).at("/serving/version").asText());
      }
    }
  }

  private static void post(ServiceProcessFixture service, String path, Map<String, ?> body) {
    String _ = service.api().post(path, body, Duration.ofMinutes(2));
  }

  /** Two steps each day; all with {@code -Dmatrix=all}. */
  @Test
  void killedInAStepOneSideServesWithAllThatWasAcknowledged() throws Exception {
    List<String> all =
        List.of(
            "send", "prepare", "pre-sync", "hold", "quiesce", "sync", "start", "verify", "switch",
            "bake");
    int day = (int) LocalDate.now(ZoneOffset.UTC).toEpochDay();
    List<String> steps =
        "all".equals(System.getProperty("matrix"))
            ? all
            : List.of(all.get(day % all.size()), all.get((day + 5) % all.size()));
    try (ServiceProcessFixture service = service(SETTINGS)) {
      String stack = service.status().stack();
      assertDone(end(service, service.requestRun("/v1/up", Map.of("version", "v1"))));
      try (SubprocessLoad client = new SubprocessLoad(service.port).start()) {
        for (String step : steps) {
          String run = service.requestRun("/v1/move", Map.of("to", host.address()));
          assertTrue(
              service
                  .await(run, event -> event.step().equals(step) && event.phase().equals("intent"))
                  .isPresent());
          service.kill();
          service.start();
          Status.Side serving = service.awaitServing().serving();
          assertNotNull(serving);
          Receipt receipt = service.receipt(run);
          System.out.printf(
              "killed in %s: %s, %s serves%n",
              step, receipt.upgrade().outcome(), serving.container());
          List<String> running = new ArrayList<>(running("", stack));
          running.addAll(running(there.host(), stack));
          assertEquals(List.of(serving.container()), running, "killed in " + step);
          assertNoneLost(client);
          if (serving.engine() != null) {
            assertDone(
                end(service, service.requestRun("/v1/rollback", Map.of("data", "carry"))));
            assertNoneLost(client);
          }
        }
      }
    }
  }

  private static void assertNoneLost(SubprocessLoad client) throws Exception {
    Set<Integer> acknowledged = client.acknowledged();
    acknowledged.removeAll(client.readNumbers());
    assertEquals(Set.of(), acknowledged, "acknowledged and lost");
  }

  @Test
  void whatIsNoOtherEngineIsRefusedWithItsReasonAndNothingChanges() throws Exception {
    try (ServiceProcessFixture service = service(SETTINGS)) {
      assertDone(end(service, service.requestRun("/v1/up", Map.of("version", "v1"))));
      refuse(service, "nowhere", "there is no Docker context nowhere");
      refuse(service, "tcp://192.0.2.1:2375", "without TLS");
      Receipt same =
          end(service, service.requestRun("/v1/move", Map.of("to", "tcp://127.0.0.1:1")));
      assertEquals(Outcome.REFUSED, same.upgrade().outcome());
      assertTrue(same.upgrade().reason().contains("no Docker engine answers"), same.toString());
      host.forgetKey();
      Receipt unknown =
          end(service, service.requestRun("/v1/move", Map.of("to", host.address())));
      assertEquals(Outcome.REFUSED, unknown.upgrade().outcome());
      assertTrue(
          unknown.upgrade().reason().contains("the host key of 127.0.0.1 is not known"),
          unknown.upgrade().reason());
    } finally {
      host.rememberKey();
    }
  }

  private static void refuse(ServiceProcessFixture service, String to, String words) {
    CommandException refused =
        assertThrows(
            CommandException.class, () -> service.requestRun("/v1/move", Map.of("to", to)));
    assertTrue(String.valueOf(refused.getMessage()).contains(words), refused.toString());
  }
}
