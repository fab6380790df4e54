package dev.orchestrator.whole;

import static dev.orchestrator.testing.RunWatcher.onPhase;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.Deadline;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.testing.LightLoad;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Faults of containers and health checks on a real engine, while the service runs. */
@Tag("engine")
@Rotates
class FaultsEngineTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir Path directory;
  private LightStackFixture stack;
  private LightServiceFixture light;

  @BeforeEach
  void up() throws Exception {
    stack = LightStackFixture.in(directory);
    light =
        new LightServiceFixture(stack, LightStackFixture.changed(FaultsEngineTest::withLongBake));
    assertEquals(Outcome.DONE, light.await(light.control().up("v1")).upgrade().outcome());
    assertEquals("written\n", light.post("before"));
  }

  @AfterEach
  void down() {
    light.close();
  }

  private static StackSettings withLongBake(StackSettings s) {
    UpgradeSettings longer = s.upgrade().with(SOON.dividedBy(3), s.upgrade().keep());
    return new StackSettings(s.name(), s.folder(), s.routes(), s.probes(), longer, s.data());
  }

  /** Writes a release like v2 whose ledger is broken in a way that the image knows. */
  private void writeRelease(String version, String broken) throws IOException {
    Path from = stack.folder().resolve("releases/v2");
    Path to = Files.createDirectories(stack.folder().resolve("releases").resolve(version));
    for (String file : List.of("compose.yaml", ".env", "greeting.txt")) {
      Files.writeString(
          to.resolve(file),
          Files.readString(from.resolve(file)).replace("BROKEN=", "BROKEN=" + broken));
    }
  }

  private String servingContainer() {
    Status.Side serving = light.control().status().serving();
    assertNotNull(serving);
    return serving.container();
  }

  private void exec(String container, String... command) {
    ExecResult result = light.engine().exec(container, List.of(command), SOON);
    assertTrue(result.ok(), result.stderr());
  }

  private void assertServes(String version) throws Exception {
    assertEquals("ledger " + version + "\n", light.get("/"));
    assertTrue(light.get("/lines").startsWith("before\n"), "with its data");
    assertEquals("serving", light.control().status().state());
  }

  @ParameterizedTest
  @CsvSource({
    "hang, probe ledger: GET /health at port 80: no answer within",
    "page, its body does not match",
    "yes, status 500",
  })
  void aHealthEndpointThatDoesNotSayHealthyIsNotHealthy(String how, String why) throws Exception {
    writeRelease("v4", how);
    Receipt receipt = light.await(light.control().upgrade("v4"));
    assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome());
    String reason = receipt.upgrade().reason();
    assertTrue(
        reason.startsWith("verify: ") && (reason.contains(why) || how.equals("yes")), reason);
    assertServes("v1");
    List<String> logs =
        Files.readAllLines(
            light.settings().state().resolve("logs").resolve(receipt.upgrade().id() + "-v4.log"));
    assertTrue(
        logs.stream().anyMatch(line -> line.startsWith("ledger-1 ") && line.endsWith("ledger v2")),
        logs.toString());
  }

  @Test
  void aHealthEndpointThatIsSlowIsHealthy() throws Exception {
    writeRelease("v4", "slow");
    assertEquals(Outcome.DONE, light.await(light.control().upgrade("v4")).upgrade().outcome());
    assertServes("v2");
  }

  @Test
  void aServiceThatIsHealthyOnlyAtFirstIsRolledBackInTheBake() throws Exception {
    writeRelease("v4", "flap");
    try (LightLoad rows = new LightLoad(light, "/rows")) {
      Receipt receipt = light.await(light.control().upgrade("v4"));
      assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
      assertTrue(receipt.upgrade().reason().startsWith("bake: "), receipt.upgrade().reason());
      assertServes("v1");
      rows.assertComplete("rolled back in the bake");
    }
  }

  @Test
  void anInnerServiceThatRunsOutOfMemoryIsRolledBackInTheBake() throws Exception {
    Receipt receipt =
        light.await(
            light.control().upgrade("v2"),
            onPhase(
                "bake",
                "intent",
                () ->
                    exec(
                        candidateContainer(),
                        "capsule",
                        "exec",
                        "ledger",
                        "perl",
                        "-e",
                        "kill 'USR1', 1")));
    assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
    assertTrue(receipt.upgrade().reason().startsWith("bake: "), receipt.upgrade().reason());
    assertServes("v1");
  }

  private String candidateContainer() {
    return light.containers().stream()
        .map(each -> each.substring(0, each.indexOf(' ')))
        .filter(each -> each.endsWith("-g2"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void anInnerEngineThatDiesAfterTheSwitchIsRolledBack() throws Exception {
    Receipt receipt =
        light.await(
            light.control().upgrade("v2"),
            onPhase(
                "bake",
                "intent",
                () -> exec(candidateContainer(), "bash", "-c", "kill -9 $(pidof dockerd)")));
    assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
    assertServes("v1");
  }

  @Test
  void whatServesIsStartedAgainWhileTheNextVersionIsPrepared() throws Exception {
    String blue = servingContainer();
    Receipt receipt =
        light.await(
            light.control().upgrade("v2"),
            onPhase("prepare", "intent", () -> light.engine().stopContainer(blue, Duration.ZERO)));
    String reason = receipt.upgrade().reason();
    assertTrue(
        receipt.upgrade().outcome() == Outcome.DONE
            || receipt.upgrade().outcome() == Outcome.ROLLED_BACK,
        reason);
    assertServes(receipt.upgrade().outcome() == Outcome.DONE ? "v2" : "v1");
  }

  @Test
  void aContainerThatSomebodyRemovedIsMadeAgainOnItsData() throws Exception {
    String serving = servingContainer();
    light.engine().removeContainer(serving);
    // Waits in the route until it is there again.
    assertTrue(light.get("/lines").startsWith("before\n"));
    assertServes("v1");
    assertEquals(List.of(serving + " running"), light.containers());
  }

  /** The engine tells of the end of the command; neither a client nor a timer has to come first. */
  @Test
  void servicesThatSomebodyStopsInTheCapsuleAreStartedAgain() throws Exception {
    exec(servingContainer(), "capsule", "stop");
    Deadline deadline = Deadline.in(SOON);
    while (!light.control().status().services().stream()
        .allMatch(service -> service.state().equals("running"))) {
      assertFalse(deadline.passed(), () -> light.control().status().toString());
      LockSupport.parkNanos(SOON.dividedBy(100).toNanos());
    }
    assertServes("v1");
  }

  @Test
  void greenRemovedByHandIsAFailureLikeAnother() throws Exception {
    Receipt receipt =
        light.await(
            light.control().upgrade("v2"),
            onPhase("start", "intent", () -> light.engine().removeContainer(candidateContainer())));
    assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
    assertServes("v1");
    assertEquals(1, light.containers().size());
    assertEquals(2, light.volumes().size());
  }
}
