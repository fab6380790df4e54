package dev.orchestrator.whole;

import static dev.orchestrator.testing.OtherHostFixture.assertDone;
import static dev.orchestrator.testing.OtherHostFixture.assertNoneLost;
import static dev.orchestrator.testing.OtherHostFixture.end;
import static dev.orchestrator.testing.OtherHostFixture.runningHere;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.OtherHostFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.SubprocessLoad;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real SIGKILL of the service in steps of a move to another engine. */
@Tag("engine")
@Rotates
@Timeout(240)
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

  /** Two steps each day; all with {@code -Dmatrix=all}. */
  @Test
  void killedInAStepOneSideServesWithAllThatWasAcknowledged() throws Exception {
    List<String> all =
        List.of(
            "send",
            "prepare",
            "pre-sync",
            "hold",
            "quiesce",
            "sync",
            "start",
            "verify",
            "switch",
            "bake");
    int day = (int) LocalDate.now(ZoneOffset.UTC).toEpochDay();
    List<String> steps =
        "all".equals(System.getProperty("matrix"))
            ? all
            : List.of(all.get(day % all.size()), all.get((day + 5) % all.size()));
    try (ServiceProcessFixture service = host.service(directory)) {
      String stack = service.status().stack();
      try (SubprocessLoad client = new SubprocessLoad(service.port).start()) {
        for (String step : steps) {
          String run = host.move(service);
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
          List<String> running = new ArrayList<>(runningHere(stack));
          running.addAll(host.running(service));
          assertEquals(List.of(serving.container()), running, "killed in " + step);
          assertNoneLost(client);
          if (serving.engine() != null) {
            assertDone(end(service, service.requestRun("/v1/rollback", Map.of("data", "carry"))));
            assertNoneLost(client);
          }
        }
      }
    }
  }
}
