package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.Json;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.report.VersionStatus;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.Rotation;
import dev.orchestrator.testing.ServiceProcessFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The service is stopped in order ({@code serve --stop}, SIGTERM) while a run is in a step that no
 * client waits for: as after a kill, the run is cut off and goes on at the next start. Four times
 * every second day, twenty with {@code scripts/test --matrix}.
 */
@Tag("engine")
@Rotates
@Timeout(1200)
class StopInRunEngineTest {
  private static final int STOPS = Integer.getInteger("stops", Rotation.isWhole() ? 20 : 4);
  private static final List<String> STEPS = List.of("build", "pre-sync");

  @TempDir Path directory;

  private final Random random = new Random(Long.getLong("stops.seed", 11));
  private final Map<String, Long> millisOfStep = new HashMap<>();
  private int versions;

  @Test
  void aRunThatIsCutOffByAStopGoesOnAtTheNextStartAndNothingIsQuarantined() throws Exception {
    LightStackFixture stack =
        LightStackFixture.in(directory, "stop" + ProcessHandle.current().pid());
    String settings =
        "upgrade { hold-budget = 30s, drain-budget = 500ms, bake = 1s,"
            + " verify { passes = 1, interval = 100ms, deadline = 7s } }";
    try (ServiceProcessFixture service =
        new ServiceProcessFixture(stack, FreePorts.next(), settings)) {
      service.start();
      String up = service.requestRun("/v1/up", Map.of("version", "v1"));
      service.await(up, event -> event.phase().equals("end"));
      assertEquals(Outcome.DONE, service.receipt(up).upgrade().outcome());
      learn(service, service.requestRun("/v1/upgrades", Map.of("version", newVersion(stack))));
      int cutOff = 0;
      for (int i = 0; cutOff < STOPS; i++) {
        assertTrue(i < 3 * STOPS, "most stops come after the step has ended");
        cutOff += stopIn(STEPS.get(i % STEPS.size()), service, stack) ? 1 : 0;
      }
    }
  }

  /** How long each step takes when nothing disturbs it. */
  private void learn(ServiceProcessFixture service, String run) {
    service.await(run, event -> event.phase().equals("end"));
    Receipt receipt = service.receipt(run);
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
    receipt.steps().forEach(step -> millisOfStep.put(step.step(), step.millis()));
  }

  /** Returns whether the stop came before the end of the step. */
  private boolean stopIn(String step, ServiceProcessFixture service, LightStackFixture stack)
      throws Exception {
    String version = step.equals("build") ? newVersion(stack) : previous(service);
    String run = service.requestRun("/v1/upgrades", Map.of("version", version));
    service.await(run, event -> event.step().equals(step) && event.phase().equals("intent"));
    long delay = Math.round(random.nextDouble() * millisOfStep.getOrDefault(step, 0L) / 2);
    TimeUnit.MILLISECONDS.sleep(delay);
    service.stop();
    service.start();
    Status status = service.awaitServing();
    String where = "stopped in %s after %d ms".formatted(step, delay);
    AtomicInteger begun = new AtomicInteger();
    service.await(
        run,
        event -> {
          if (event.step().equals(step) && event.phase().equals("intent")) {
            begun.incrementAndGet();
          }
          return event.phase().equals("end");
        });
    Receipt receipt = service.receipt(run);
    System.out.printf(
        "%-35s %d times begun: %s %s%n",
        where, begun.get(), receipt.upgrade().outcome(), receipt.upgrade().reason());
    assertEquals(List.of(), quarantined(service), where);
    if (begun.get() < 2) {
      return false;
    }
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), where + receipt.upgrade().reason());
    assertNotNull(status.serving());
    assertEquals(version, status.serving().version(), where);
    return true;
  }

  private static List<VersionStatus> quarantined(ServiceProcessFixture service) {
    return Json.readList(service.api().get("/v1/versions"), VersionStatus.class).stream()
        .filter(version -> version.state().equals("quarantined"))
        .toList();
  }

  /** The version before, whose image is there. */
  private static String previous(ServiceProcessFixture service) {
    Status.Side previous = service.status().previous();
    assertNotNull(previous);
    return previous.version();
  }

  /** A version that was never built. */
  private String newVersion(LightStackFixture stack) throws IOException {
    versions++;
    String version = "v2.0." + versions;
    Path folder = Files.createDirectories(stack.folder().resolve("releases").resolve(version));
    for (String file : List.of("compose.yaml", ".env", "greeting.txt")) {
      Files.writeString(
          folder.resolve(file),
          Files.readString(stack.folder().resolve("releases/v2").resolve(file))
              .replace("VERSION=v2", "VERSION=" + version));
    }
    return version;
  }
}
