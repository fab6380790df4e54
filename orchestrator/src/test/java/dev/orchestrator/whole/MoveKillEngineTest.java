package dev.orchestrator.whole;

import static dev.orchestrator.testing.OtherHostFixture.assertDone;
import static dev.orchestrator.testing.OtherHostFixture.assertNoneLost;
import static dev.orchestrator.testing.OtherHostFixture.end;
import static dev.orchestrator.testing.OtherHostFixture.runningHere;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.OtherHostFixture;
import dev.orchestrator.testing.Rotation;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.StepNames;
import dev.orchestrator.testing.SubprocessLoad;
import dev.orchestrator.upgrade.Step;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real SIGKILL of the service's process in every step of a move to another engine, with a client
 * that writes all the time. A twelfth of it each day; all with {@code -Dmatrix=all}.
 */
@Tag("engine")
@Timeout(1800)
class MoveKillEngineTest {
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

  private final Random random = new Random(Rotation.day());

  /** A twelfth of the steps each day. */
  private List<Step> steps() {
    List<Step> all = StepNames.move();
    return Rotation.isWhole()
        ? all
        : IntStream.range(0, all.size())
            .filter(i -> (i + Rotation.day()) % 12 == 0)
            .mapToObj(all::get)
            .toList();
  }

  @Test
  void killedInAnyStepOneSideServesWithAllThatWasAcknowledged() throws Exception {
    try (ServiceProcessFixture service = host.service(directory)) {
      try (SubprocessLoad client = new SubprocessLoad(service.port).start()) {
        // The first move sends the base image, which takes longer than any of the later ones.
        assertDone(end(service, host.move(service)));
        bringBack(service, client);
        // Once more without a kill: how long each step takes.
        Receipt measured = end(service, host.move(service));
        assertDone(measured);
        Map<String, Long> millisOfStep = new HashMap<>();
        measured.steps().forEach(step -> millisOfStep.put(step.step(), step.millis()));
        bringBack(service, client);
        for (Step step : steps()) {
          long delay = Math.round(random.nextDouble() * millisOfStep.getOrDefault(step.id(), 0L));
          killIn(step.id(), delay, service, client);
        }
      }
    }
  }

  private static void bringBack(ServiceProcessFixture service, SubprocessLoad client)
      throws Exception {
    assertDone(end(service, service.requestRun("/v1/rollback", Map.of("data", "carry"))));
    assertNoneLost(client);
  }

  private static void killIn(
      String step, long delay, ServiceProcessFixture service, SubprocessLoad client)
      throws Exception {
    String where = "killed in %s after %d ms".formatted(step, delay);
    String stack = service.status().stack();
    String run = host.move(service);
    assertTrue(
        service
            .await(run, event -> event.step().equals(step) && event.phase().equals("intent"))
            .isPresent(),
        where);
    TimeUnit.MILLISECONDS.sleep(delay);
    service.kill();
    service.start();
    Status.Side serving = service.awaitServing().serving();
    assertNotNull(serving, where);
    Receipt receipt = service.receipt(run);
    System.out.printf(
        "%s: %s, %s serves; %s%n",
        where, receipt.upgrade().outcome(), serving, receipt.upgrade().reason());
    // By the time of the kill it may have gone farther than the step.
    if (receipt.steps().stream().noneMatch(each -> each.step().equals("hold"))) {
      assertEquals(Outcome.DONE, receipt.upgrade().outcome(), where + receipt);
    }
    List<String> running = new ArrayList<>(runningHere(stack));
    running.addAll(host.running(service));
    assertEquals(List.of(serving.container()), running, where);
    assertNoneLost(client);
    if (serving.engine() != null) {
      bringBack(service, client);
    }
  }
}
