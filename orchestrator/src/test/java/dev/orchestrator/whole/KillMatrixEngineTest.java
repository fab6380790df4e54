package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotation;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.StepNames;
import dev.orchestrator.testing.SubprocessLoad;
import dev.orchestrator.upgrade.RunEvent;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.io.IOException;
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
 * A real SIGKILL of the service's process in every step of every kind of run, on a real engine,
 * with a client that writes all the time. An eighth of it each day; all with {@code -Dmatrix=all}.
 */
@Tag("engine")
class KillMatrixEngineTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir Path directory;

  private final long seed = Rotation.day();
  private final Random random = new Random(seed);
  private final Map<String, Long> millisOfStep = new HashMap<>();

  /** The snapshot that is restored. */
  private static final String FIRST = "first";

  /** The kind of run in which the process is killed. */
  private enum RunKind {
    UPGRADE,
    BROKEN,
    ROLLBACK,
    SNAPSHOT,
    RESTORE,
    PROVE,
    REHEARSE
  }

  private record Cell(RunKind kind, Step step) {}

  private List<Cell> cells() {
    List<Cell> all = new ArrayList<>();
    StepNames.upgrade().forEach(step -> all.add(new Cell(RunKind.UPGRADE, step)));
    List<Step> unhealthy = List.of(UpgradePlans.find("verify").orElseThrow());
    unhealthy.forEach(step -> all.add(new Cell(RunKind.BROKEN, step)));
    StepNames.rollback().forEach(step -> all.add(new Cell(RunKind.ROLLBACK, step)));
    StepNames.snapshot().forEach(step -> all.add(new Cell(RunKind.SNAPSHOT, step)));
    StepNames.snapshotRestore().forEach(step -> all.add(new Cell(RunKind.RESTORE, step)));
    StepNames.proof().forEach(step -> all.add(new Cell(RunKind.PROVE, step)));
    StepNames.rehearsal().forEach(step -> all.add(new Cell(RunKind.REHEARSE, step)));
    String only = System.getProperty("matrix.step");
    if (only != null) {
      return all.stream().filter(cell -> cell.step().id().equals(only)).toList();
    }
    if (Rotation.isWhole()) {
      return all;
    }
    List<Cell> due = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      if ((i + seed) % 8 == 0) {
        due.add(all.get(i));
      }
    }
    return due;
  }

  @Test
  void killedInAnyStepOneVersionServesWithAllThatWasAcknowledged() throws Exception {
    List<Cell> cells = cells();
    System.out.printf("%d cells, seed %d%n", cells.size(), seed);
    LightStackFixture stack =
        LightStackFixture.in(directory, "kill" + ProcessHandle.current().pid());
    String settings =
        "upgrade { hold-budget = 30s, drain-budget = 500ms, bake = 1s,"
            + " verify { passes = 1, interval = 100ms, deadline = 7s } }";
    try (ServiceProcessFixture daemon =
            new ServiceProcessFixture(stack, FreePorts.next(), settings);
        Engine engine = DockerEngine.connect("", SOON)) {
      daemon.start();
      assertEquals(
          Outcome.DONE, ended(daemon, daemon.requestRun("/v1/up", Map.of("version", "v1"))));
      try (SubprocessLoad client = new SubprocessLoad(daemon.port).start()) {
        // Once without a kill: how long each step takes, and both versions are built.
        measureSteps(daemon, daemon.requestRun("/v1/upgrades", Map.of("version", "v2")));
        measureSteps(daemon, daemon.requestRun("/v1/rollback", Map.of()));
        measureSteps(daemon, daemon.requestRun("/v1/snapshots", Map.of("name", FIRST)));
        measureSteps(daemon, daemon.requestRun("/v1/snapshots/" + FIRST + "/prove", Map.of()));
        measureSteps(daemon, daemon.requestRun("/v1/rehearsals", Map.of("version", "v2")));
        for (Cell cell : cells) {
          killInStep(cell, daemon, engine, client);
        }
      }
    }
  }

  private Outcome ended(ServiceProcessFixture daemon, String run) {
    daemon.await(run, event -> event.phase().equals("end"));
    return daemon.receipt(run).upgrade().outcome();
  }

  private void measureSteps(ServiceProcessFixture daemon, String run) {
    assertEquals(Outcome.DONE, ended(daemon, run));
    for (Receipt.Step step : daemon.receipt(run).steps()) {
      millisOfStep.put(step.step(), step.millis());
    }
  }

  private String begin(Cell cell, ServiceProcessFixture daemon) {
    Status.Side serving = daemon.status().serving();
    assertNotNull(serving);
    String other = serving.version().equals("v1") ? "v2" : "v1";
    return switch (cell.kind()) {
      case UPGRADE -> daemon.requestRun("/v1/upgrades", Map.of("version", other));
      case BROKEN -> daemon.requestRun("/v1/upgrades", Map.of("version", "v3"));
      case ROLLBACK -> {
        if (daemon.status().previous() == null) {
          String first = daemon.requestRun("/v1/upgrades", Map.of("version", other));
          assertEquals(Outcome.DONE, ended(daemon, first));
        }
        yield daemon.requestRun("/v1/rollback", Map.of());
      }
      case SNAPSHOT -> daemon.requestRun("/v1/snapshots", Map.of("name", "in-" + cell.step().id()));
      case RESTORE -> daemon.requestRun("/v1/snapshots/" + FIRST + "/restore", Map.of());
      case REHEARSE -> daemon.requestRun("/v1/rehearsals", Map.of("version", other));
      case PROVE -> daemon.requestRun("/v1/snapshots/" + FIRST + "/prove", Map.of());
    };
  }

  private void killInStep(
      Cell cell, ServiceProcessFixture daemon, Engine engine, SubprocessLoad client)
      throws Exception {
    // What earlier rollbacks have set aside may be removed by now: what is found now must stay, and
    // what is acknowledged from now on.
    Set<Integer> acknowledgedBefore = client.acknowledged();
    Set<Integer> foundBefore = client.readNumbers();
    String run = begin(cell, daemon);
    String id = cell.step().id();
    daemon.await(run, event -> began(event, id));
    long delay = Math.round(random.nextDouble() * millisOfStep.getOrDefault(id, 500L));
    TimeUnit.MILLISECONDS.sleep(delay);
    daemon.kill();
    Set<Integer> acknowledged = client.acknowledged();
    acknowledged.removeAll(acknowledgedBefore);
    acknowledged.addAll(foundBefore);
    long start = System.nanoTime();
    daemon.start();
    long answered = millisSince(start);
    Status status = daemon.awaitServing();
    long whole = millisSince(start);
    String where = "%s killed in %s after %d ms".formatted(cell.kind(), id, delay);
    Status.Side serving = status.serving();
    assertNotNull(serving);
    Receipt receipt = daemon.receipt(run);
    System.out.printf(
        "%-45s API %,5d ms, whole %,6d ms: %s, %s serves%n",
        where, answered, whole, receipt.upgrade().outcome(), serving.version());
    assertTrue(
        receipt.upgrade().outcome() == Outcome.DONE || !receipt.upgrade().reason().isEmpty(),
        where + ": says why");
    assertOneServes(engine, daemon, serving, where);
    acknowledged.removeAll(client.readNumbers());
    if (!acknowledged.isEmpty()) {
      acknowledged.removeAll(linesSetAside(engine, daemon));
    }
    assertEquals(Set.of(), acknowledged, where + ": acknowledged and lost");
  }

  private static boolean began(RunEvent event, String step) {
    return event.step().equals(step) && event.phase().equals("intent");
  }

  private static long millisSince(long start) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
  }

  private static Map<String, String> labels(ServiceProcessFixture daemon) {
    return Map.of(Labels.OURS, "1", Labels.STACK, daemon.status().stack());
  }

  private static void assertOneServes(
      Engine engine, ServiceProcessFixture daemon, Status.Side serving, String where) {
    List<String> running =
        engine.containers(labels(daemon)).stream()
            .filter(ContainerInfo::running)
            .map(ContainerInfo::name)
            .toList();
    assertEquals(List.of(serving.container()), running, where + ": running containers");
    assertEquals(List.of(), engine.networks(labels(daemon)), where + ": networks");
  }

  /** Lines in the data that rollbacks have set aside. */
  private static Set<Integer> linesSetAside(Engine engine, ServiceProcessFixture daemon)
      throws IOException {
    Set<Integer> found = new TreeSet<>();
    String base =
        engine.images(Labels.role("base")).stream()
            .flatMap(image -> image.tags().stream())
            .findFirst()
            .orElseThrow();
    Map<String, String> data = new HashMap<>(labels(daemon));
    data.put(Labels.ROLE, "data");
    for (var volume : engine.volumes(data)) {
      String name = "look-" + volume.name();
      engine.createContainer(
          ContainerSpec.helper(
              name,
              base,
              List.of("sh", "-c", "cat /data/volumes/ledger/lines 2>/dev/null || true"),
              Labels.role("test"),
              List.of(Mount.readOnly(volume.name(), "/data"))));
      engine.startContainer(name);
      int _ = engine.awaitExit(name, SOON);
      found.addAll(SubprocessLoad.parseNumbers(String.join("\n", engine.logs(name, 1_000_000))));
      engine.removeContainer(name);
    }
    return found;
  }
}
