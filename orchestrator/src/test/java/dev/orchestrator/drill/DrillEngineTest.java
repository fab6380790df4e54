package dev.orchestrator.drill;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.Main;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.SubprocessLoad;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A drill on a real engine, beside a stack that serves a client all the time. */
@Tag("engine")
@Rotates(days = 3)
class DrillEngineTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir static Path directory;
  private static LightStackFixture stack;
  private static ServiceProcessFixture daemon;
  private static Engine engine;

  @BeforeAll
  static void serve() throws Exception {
    stack = LightStackFixture.in(directory, "drill" + ProcessHandle.current().pid());
    String settings =
        "upgrade { hold-budget = 30s, drain-budget = 500ms, bake = 1s,"
            + " verify { passes = 1, interval = 100ms, deadline = 7s } }";
    daemon = new ServiceProcessFixture(stack, FreePorts.next(), settings);
    engine = DockerEngine.connect("", SOON);
    daemon.start();
    String run = daemon.requestRun("/v1/up", Map.of("version", "v1"));
    daemon.await(run, event -> event.phase().equals("end"));
    assertEquals(UpgradeRecord.Outcome.DONE, daemon.receipt(run).upgrade().outcome());
  }

  @AfterAll
  static void tearDown() throws IOException {
    daemon.close();
    engine.close();
  }

  @Test
  void anUpgradeIsRehearsedWhileTheStackServesAndNothingIsLeft() throws Exception {
    Status before = daemon.status();
    assertNotNull(before.serving());
    List<String> there = things();
    Set<Integer> acknowledged;
    Ended drill;
    try (SubprocessLoad client = new SubprocessLoad(daemon.port).start()) {
      drill = drill("v2", "--steps", "quiesce,switch");
      acknowledged = client.acknowledged();
      acknowledged.removeAll(client.readNumbers());
    }
    System.out.println(drill.text());
    assertEquals(0, drill.exitCode(), drill.text());
    assertEquals(5, drill.text().lines().filter(line -> line.startsWith("passed  ")).count());
    assertTrue(drill.text().contains("passed: 5 of 5"), drill.text());
    assertEquals(Set.of(), acknowledged, "lost by what serves");
    Status after = daemon.status();
    assertNotNull(after.serving());
    assertEquals(before.serving(), after.serving());
    assertEquals(1, daemon.runs().size(), "runs of the service itself");
    assertEquals(there, things());
    assertFalse(Files.exists(stack.home().resolve("drill")));
  }

  @Test
  void aVersionThatIsNotHealthyFailsAndAnEarlierDrillsRemainsGo() throws Exception {
    List<String> there = things();
    Process killed = start("v3");
    awaitUp(killed);
    List<String> services =
        killed.descendants().map(each -> each.info().commandLine().orElse("")).toList();
    assertEquals(1, services.size(), services.toString());
    // It rehearses with the options that `serve` has in production.
    assertTrue(services.getFirst().contains("-Xmx512m"), services.getFirst());
    assertTrue(services.getFirst().contains("-XX:+ExitOnOutOfMemoryError"), services.getFirst());
    int _ = killed.destroyForcibly().waitFor();
    assertNotEquals(there, things());

    Ended drill = drill("v3");
    assertEquals(ExitCode.DRILL_FAILED, drill.exitCode(), drill.text());
    assertTrue(drill.text().contains("v1 serves: rolled back, verify: "), drill.text());
    assertTrue(drill.text().contains("FAILED: 1 of 2 passed"), drill.text());
    assertTrue(Files.exists(stack.home().resolve("drill.log")));
    assertEquals(there, things());
  }

  @Test
  void interruptedItLeavesNothing() throws Exception {
    List<String> there = things();
    Process process = start("v3");
    awaitUp(process);
    assertEquals(0, new ProcessBuilder("kill", "-INT", "" + process.pid()).start().waitFor());
    String rest = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertEquals(130, process.waitFor(), rest);
    assertEquals("ending the drill: removing what it has made", rest.strip());
    assertEquals(there, things());
    assertFalse(Files.exists(stack.home().resolve("drill")));
  }

  /** Reads to the end of the first row, byte by byte: the rest is for the caller. */
  private static void awaitUp(Process drill) throws IOException {
    StringBuilder text = new StringBuilder();
    while (!text.toString().contains("up on the copy ") || text.charAt(text.length() - 1) != '\n') {
      int next = drill.getInputStream().read();
      assertNotEquals(-1, next, text.toString());
      text.append((char) next);
    }
  }

  /** Containers and volumes of ours that carry the stack's name, whoever's. */
  private List<String> things() {
    Map<String, String> labels = Map.of(Labels.OURS, "1", Labels.STACK, stack.name());
    Set<String> names = new TreeSet<>();
    engine.containers(labels).forEach(container -> names.add(container.name()));
    engine.volumes(labels).forEach(volume -> names.add(volume.name()));
    return List.copyOf(names);
  }

  private record Ended(int exitCode, String text) {}

  private Ended drill(String... arguments) throws Exception {
    Process process = start(arguments);
    String text = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Ended(process.waitFor(), text);
  }

  private Process start(String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "drill",
                "--config",
                daemon.config().toString()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }
}
