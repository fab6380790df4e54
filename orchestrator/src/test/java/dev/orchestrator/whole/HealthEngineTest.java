package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Health checks with long intervals, services that end again and again or stay unhealthy, on a real
 * engine. The images are those of the light stack.
 */
@Tag("engine")
class HealthEngineTest {
  private static final Duration DEADLINE = Duration.ofSeconds(90);

  /** Longer than the hold budget, so that a version whose check is waited for can't get healthy. */
  private static final int INTERVAL = 90;

  private static final String ALWAYS = "unless-stopped";

  private static final String LEDGER_IMAGE =
      "build: {context: ../../images/ledger, args: {VERSION: v2}}\n";

  @TempDir Path directory;
  private LightStackFixture stack;
  private LightServiceFixture light;

  @BeforeEach
  void start() {
    stack = LightStackFixture.in(directory);
    light = new LightServiceFixture(stack, LightStackFixture.changed(HealthEngineTest::healSoon));
  }

  @AfterEach
  void down() {
    light.close();
  }

  private static StackSettings healSoon(StackSettings s) {
    return new StackSettings(
        s.name(),
        s.folder(),
        s.routes(),
        s.probes(),
        s.upgrade(),
        s.data(),
        s.compose(),
        1,
        s.grants());
  }

  /**
   * Writes a release.
   *
   * @param restart restart policy of its service ledger
   * @param ledger further lines of its service ledger
   * @param greeter further lines of its service greeter
   */
  private void writeRelease(String version, String restart, String ledger, String greeter)
      throws IOException {
    Path to = Files.createDirectories(stack.folder().resolve("releases").resolve(version));
    Files.copy(stack.folder().resolve("releases/v2/greeting.txt"), to.resolve("greeting.txt"));
    Files.writeString(
        to.resolve("compose.yaml"),
        """
        services:
          ledger:
            environment: {BROKEN: ""}
            volumes: [ledger:/var/lib/ledger]
            restart: "%s"
            stop_grace_period: 1s
        %s
          greeter:
            build: ../../images/greeter
            volumes: [./greeting.txt:/greeting.txt:ro]
            restart: unless-stopped
            stop_grace_period: 1s
        %s
        volumes: {ledger: }
        """
            .formatted(restart, ledger.indent(4), greeter.indent(4)));
  }

  private static String check(String test, String times) {
    return "healthcheck: {test: [%s], timeout: 3s, %s}".formatted(test, times);
  }

  /**
   * The image of ledger declares a check with a long interval and nothing else; greeter has a start
   * interval that is as long.
   */
  private void writeSlowlyChecked(String version, String restart, String ledger)
      throws IOException {
    Path image = stack.folder().resolve("images/checked");
    if (!Files.exists(image)) {
      Path original = stack.folder().resolve("images/ledger");
      Files.createDirectories(image);
      Files.copy(original.resolve("ledger.pl"), image.resolve("ledger.pl"));
      Files.writeString(
          image.resolve("Dockerfile"),
          Files.readString(original.resolve("Dockerfile"))
              + "HEALTHCHECK --interval=%ds --timeout=3s CMD perl /ledger.pl check\n"
                  .formatted(INTERVAL));
    }
    writeRelease(
        version,
        restart,
        "build: {context: ../../images/checked, args: {VERSION: v2}}\n" + ledger,
        """
        depends_on: {ledger: {condition: service_healthy}}
        %s
        """
            .formatted(
                check(
                    "CMD, \"true\"",
                    "interval: %1$ds, start_period: %1$ds, start_interval: %1$ds"
                        .formatted(INTERVAL))));
  }

  @Test
  void clientsWaitForNoIntervalNeitherForTheNewVersionNorForTheOldOne() throws Exception {
    writeSlowlyChecked("v4", ALWAYS, "");
    writeSlowlyChecked("v5", ALWAYS, "");
    writeSlowlyChecked("v6", "no", "entrypoint: [\"true\"]");
    assertEquals(Outcome.DONE, light.await(light.control().up("v4")).upgrade().outcome());
    assertEquals("written\n", light.post("before"));

    Receipt upgraded = light.await(light.control().upgrade("v5"));
    assertEquals(Outcome.DONE, upgraded.upgrade().outcome(), upgraded.toString());
    System.out.println(upgraded);

    Receipt failed = light.await(light.control().upgrade("v6"));
    assertEquals(Outcome.ROLLED_BACK, failed.upgrade().outcome(), failed.toString());
    System.out.println(failed);
    assertTrue(
        failed
            .upgrade()
            .reason()
            .contains("service ledger: has ended (exit code 0), but it should go on"),
        failed.upgrade().reason());
    assertEquals("before\n", light.get("/lines"));
  }

  @Test
  void aFirstUpThatEndsAgainAndAgainFailsAndItsLogsAreThere() throws Exception {
    writeRelease(
        "v4",
        ALWAYS,
        LEDGER_IMAGE + "entrypoint: [perl, -e, \"print STDERR qq(no such schema\\\\n); exit 3\"]",
        "depends_on: {ledger: {condition: service_started}}");
    Receipt receipt = light.await(light.control().up("v4"));
    assertEquals("failed", receipt.upgrade().outcomeText());
    String reason = receipt.upgrade().reason();
    assertTrue(
        reason.contains("service ledger: ends with an error again and again: exit code 3"), reason);
    assertTrue(reason.contains("no such schema"), reason);
    List<String> logs = light.control().logs("ledger", 2);
    assertEquals(2, logs.size(), logs.toString());
    assertTrue(logs.getLast().endsWith("no such schema"), logs.toString());
  }

  @Test
  void aServiceThatServesAndStaysUnhealthyIsRestarted() throws Exception {
    writeRelease(
        "v4",
        ALWAYS,
        LEDGER_IMAGE
            + "entrypoint: [sh, -c, \"rm -f /tmp/sick; exec perl /ledger.pl\"]\n"
            + check("CMD, test, \"!\", -e, /tmp/sick", "interval: 1s, retries: 1"),
        "");
    assertEquals(Outcome.DONE, light.await(light.control().up("v4")).upgrade().outcome());
    String container = light.container(1);
    exec(container, "capsule", "exec", "ledger", "touch", "/tmp/sick");
    Instant end = Instant.now().plus(DEADLINE);
    while (ledger().heals() == 0) {
      assertTrue(Instant.now().isBefore(end), "was not restarted: " + ledger());
      TimeUnit.MILLISECONDS.sleep(200);
    }
    assertEquals("", ledger().note(), "it was told to end");
  }

  private Status.Service ledger() {
    Status status = light.control().status();
    assertNotNull(status.serving());
    return status.services().stream()
        .filter(service -> service.name().equals(LightStackFixture.LEDGER))
        .findFirst()
        .orElseThrow();
  }

  private void exec(String container, String... command) {
    ExecResult result = light.engine().exec(container, List.of(command), DEADLINE);
    assertTrue(result.ok(), result.stderr());
  }
}
