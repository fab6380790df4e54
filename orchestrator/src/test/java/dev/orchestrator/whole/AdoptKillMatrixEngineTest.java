package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.adopt.RunningProjectFixture;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.stack.Adopted;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.PulseFixture;
import dev.orchestrator.testing.Rotation;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.StepNames;
import dev.orchestrator.testing.SubprocessLoad;
import dev.orchestrator.testing.TestImagesFixture;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real SIGKILL of the service's process in every step of an adoption and of its undo, on a real
 * engine, with a client that writes all the time. Some each day; all with {@code -Dmatrix=all}.
 */
@Tag("engine")
class AdoptKillMatrixEngineTest {
  private static final Duration SOON = Duration.ofMinutes(2);

  /** In how many days all cells are run. */
  private static final int DAYS = 5;

  @TempDir Path directory;

  private final long seed = Rotation.day();
  private final Random random = new Random(seed);
  private final Map<Cell, Long> millis = new HashMap<>();
  private final String name = "killed" + ProcessHandle.current().pid();
  private final int port = FreePorts.next();

  /** What the project had when it was adopted last: it has that when it serves again. */
  private Set<Integer> rowsOfProject = Set.of();

  /** The kind of run in which the process is killed. */
  private enum RunKind {
    ADOPTION,
    UNDO
  }

  private record Cell(RunKind kind, Step step) {}

  private List<Cell> cells() {
    List<Cell> all = new ArrayList<>();
    StepNames.adoption().forEach(step -> all.add(new Cell(RunKind.ADOPTION, step)));
    StepNames.adoptionUndone().forEach(step -> all.add(new Cell(RunKind.UNDO, step)));
    String only = System.getProperty("matrix.step");
    if (only != null) {
      return all.stream().filter(cell -> cell.step().id().equals(only)).toList();
    }
    if (Rotation.isWhole()) {
      return all;
    }
    List<Cell> today = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      if ((i + seed) % DAYS == 0) {
        today.add(all.get(i));
      }
    }
    return today;
  }

  @Test
  void killedInAnyStepOneOfTheTwoServesWithAllThatWasAcknowledged() throws Exception {
    List<Cell> cells = cells();
    System.out.printf("%d cells, seed %d%n", cells.size(), seed);
    try (Engine engine = DockerEngine.connect("", SOON);
        PulseFixture pulse = new PulseFixture();
        RunningProjectFixture project = project(engine, pulse);
        ServiceProcessFixture daemon =
            ServiceProcessFixture.withoutStacks(
                directory,
                "upgrade { hold-budget = 40s, drain-budget = 500ms, bake = 1s }\n"
                    + "data.reserve = 100MiB")) {
      project.compose(Map.of(), "up", "--detach", "--wait");
      daemon.start();
      try (SubprocessLoad client = new SubprocessLoad(port).start()) {
        daemon.awaitCondition("beats of the project", () -> pulse.starts() == 1);
        if (Rotation.isWhole()) {
          // Once without a kill: how long each step takes.
          measureSteps(RunKind.ADOPTION, daemon, adopt(daemon, client));
          measureSteps(RunKind.UNDO, daemon, undo(daemon));
        }
        for (Cell cell : cells) {
          killInStep(cell, daemon, project, engine, client);
          assertEquals(Set.of(), pulse.overlapping(), cell + ": both have run at once");
        }
        System.out.printf("%d starts, never two at once%n", pulse.starts());
        assertTrue(pulse.starts() > 1, "starts that were heard of: " + pulse.starts());
      }
    }
  }

  private RunningProjectFixture project(Engine engine, PulseFixture pulse) throws IOException {
    String base = TestImagesFixture.base(engine);
    String image = TestImagesFixture.database(engine, "ledger", "1");
    Path folder = Files.createDirectories(directory.resolve("projects").resolve(name));
    Files.writeString(
        folder.resolve("compose.yaml"),
        """
        services:
          ledger:
            image: %s
            environment: {BROKEN: ""}
            volumes: ["ledger:/var/lib/ledger"]
            ports: ["127.0.0.1:%d:80"]
            restart: unless-stopped
            stop_grace_period: 5s
            healthcheck: {test: [CMD, perl, /ledger.pl, check], interval: 1s, retries: 30}
        %s
        volumes: {ledger: }
        """
            .formatted(image, port, pulse.service(image, "ledger").stripTrailing()));
    return RunningProjectFixture.of(
        engine, base, name, folder, Map.of(Labels.OURS, "1", "project", name));
  }

  /** Begins an adoption, as the command does; returns the run's id. */
  private String adopt(ServiceProcessFixture daemon, SubprocessLoad client)
      throws IOException, InterruptedException {
    rowsOfProject = client.readNumbers();
    String answer = daemon.api().post("/v1/adopt", Map.of("project", name), SOON);
    return Json.read(answer, Adopted.class).id();
  }

  private static String undo(ServiceProcessFixture daemon) {
    return daemon.requestRun("/v1/undo-adopt", Map.of());
  }

  private static Outcome ended(ServiceProcessFixture daemon, String run) {
    daemon.await(run, event -> event.phase().equals("end"));
    return daemon.receipt(run).upgrade().outcome();
  }

  private void measureSteps(RunKind kind, ServiceProcessFixture daemon, String run) {
    assertEquals(Outcome.DONE, ended(daemon, run), () -> daemon.receipt(run).toString());
    for (Receipt.Step step : daemon.receipt(run).steps()) {
      millis.put(new Cell(kind, UpgradePlans.find(step.step()).orElseThrow()), step.millis());
    }
  }

  private String begin(Cell cell, ServiceProcessFixture daemon, SubprocessLoad client)
      throws IOException, InterruptedException {
    boolean stackServes = !daemon.stacks().isEmpty() && daemon.status().serving() != null;
    if (cell.kind() == RunKind.ADOPTION) {
      if (stackServes) {
        assertEquals(Outcome.DONE, ended(daemon, undo(daemon)), "undone before " + cell);
      }
      return adopt(daemon, client);
    }
    if (!stackServes) {
      assertEquals(Outcome.DONE, ended(daemon, adopt(daemon, client)), "adopted before " + cell);
    }
    return undo(daemon);
  }

  private void killInStep(
      Cell cell,
      ServiceProcessFixture daemon,
      RunningProjectFixture project,
      Engine engine,
      SubprocessLoad client)
      throws IOException, InterruptedException {
    String id = cell.step().id();
    String run = begin(cell, daemon, client);
    Set<Integer> before = client.acknowledged();
    daemon.await(run, event -> event.step().equals(id) && event.phase().equals("intent"));
    long delay = Math.round(random.nextDouble() * millis.getOrDefault(cell, 500L));
    TimeUnit.MILLISECONDS.sleep(delay);
    daemon.kill();
    daemon.start();
    Outcome outcome = ended(daemon, run);
    String reason = daemon.receipt(run).upgrade().reason();
    String where = "%s killed in %s after %d ms".formatted(cell.kind(), id, delay);
    System.out.printf("%-50s %s %s%n", where, outcome, reason);
    assertTrue(outcome == Outcome.DONE || !reason.isEmpty(), where + ": says why");
    assertTrue(outcome != Outcome.NEEDS_ATTENTION, where + ": " + reason);
    boolean stackServes = (cell.kind() == RunKind.ADOPTION) == (outcome == Outcome.DONE);
    assertOneServes(stackServes, project, engine, where);

    Set<Integer> written = client.acknowledged();
    written.removeAll(before);
    Set<Integer> found = client.readNumbers();
    Set<Integer> lost = new TreeSet<>(written);
    lost.removeAll(found);
    if (cell.kind() == RunKind.UNDO && !stackServes) {
      // What clients wrote until the project had its ports again goes with the stack.
      written.retainAll(found);
      int firstOfProject = written.stream().findFirst().orElse(Integer.MAX_VALUE);
      lost.removeIf(number -> number < firstOfProject);
    }
    assertEquals(Set.of(), lost, where + ": acknowledged and lost");
    Set<Integer> gone = new TreeSet<>(rowsOfProject);
    gone.removeAll(found);
    assertEquals(Set.of(), gone, where + ": lost of what the project had");
  }

  private void assertOneServes(
      boolean stackServes, RunningProjectFixture project, Engine engine, String where) {
    List<String> capsules =
        engine.containers(Map.of(Labels.OURS, "1", Labels.STACK, name)).stream()
            .filter(ContainerInfo::running)
            .map(ContainerInfo::name)
            .toList();
    Set<String> states = new TreeSet<>();
    project.containers().stream().map(ContainerDetails::state).forEach(states::add);
    assertEquals(stackServes ? 1 : 0, capsules.size(), where + ": running: " + capsules);
    assertEquals(Set.of(stackServes ? "exited" : "running"), states, where + ": the project");
  }
}
