package dev.orchestrator.whole;

import static dev.orchestrator.testing.RunWatcher.onPhase;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.Settings.EngineSettings;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.testing.LightLoad;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.LoopDiskFixture;
import dev.orchestrator.testing.PrivateEngineFixture;
import dev.orchestrator.testing.Rotates;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Faults of the engine in an upgrade: it is stopped or killed in the middle, its disk fills up,
 * both versions are started by hand. On a private engine.
 */
@Tag("engine")
@Rotates(days = 3)
@Timeout(240)
class OutageEngineTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final String STACK = "light";

  @TempDir static Path shared;
  private static PrivateEngineFixture privateEngine;

  /** The base image of today's capsules; a machine may have older ones. */
  private static String base = "";

  @TempDir Path directory;

  @BeforeAll
  static void startEngine() throws IOException {
    assumeTrue(PrivateEngineFixture.isSupported(), "no dockerd here, or this isn't root");
    LightStackFixture stack = LightStackFixture.in(shared);
    try (Engine host = DockerEngine.connect("", SOON)) {
      ImageBuilder builder =
          new ImageBuilder(
              host, stack.settings(8080), Map.of(Labels.HOME, "outage"), InstantSource.system());
      builder.build("v1", System.out::println);
      builder.build("v2", System.out::println);
      base = baseOf(stack.settings(8080).image().folder());
      privateEngine = new PrivateEngineFixture(shared, 3L << 30);
    }
  }

  /** Copies images from the host's engine, as the private engine has no network to build them. */
  private static void loadImages(String... names) {
    try (Engine host = DockerEngine.connect("", SOON)) {
      privateEngine.copyImages(
          host.images(Map.of(Labels.OURS, "1")).stream()
              .flatMap(image -> image.tags().stream())
              .filter(
                  tag -> Stream.of(names).anyMatch(name -> tag.startsWith("orchestrator/" + name)))
              .toList());
    }
  }

  private static String baseOf(Path imageFolder) throws IOException {
    Process process = new ProcessBuilder(imageFolder.resolve("build").toString(), "--tag").start();
    String tag = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return tag.strip().replaceFirst("^orchestrator/", "");
  }

  @AfterAll
  static void stopEngine() {
    if (privateEngine != null) {
      privateEngine.close();
    }
  }

  private LightServiceFixture light() {
    return light(settings -> settings);
  }

  private LightServiceFixture light(UnaryOperator<Settings> change) {
    return new LightServiceFixture(
        LightStackFixture.in(directory),
        settings -> {
          Settings s = change.apply(settings);
          EngineSettings engine = new EngineSettings(privateEngine.host(), Duration.ofSeconds(30));
          return new Settings(
              s.file(),
              s.home(),
              engine,
              s.api(),
              s.image(),
              s.schedule(),
              s.takeover(),
              s.stack());
        });
  }

  private static void bringUpV1(LightServiceFixture light) throws InterruptedException {
    loadImages(STACK, base, "debian:trixie");
    Receipt up = light.await(light.control().up("v1"));
    assertEquals(Outcome.DONE, up.upgrade().outcome(), up.upgrade().reason());
    // At the end of the run those of v2 were removed, as no kept version needs them.
    loadImages(STACK);
  }

  private static long millisUntilServing(LightServiceFixture light) throws InterruptedException {
    long start = System.nanoTime();
    Status status = light.control().status();
    while (status.running() != null || !status.state().equals("serving")) {
      assertTrue(System.nanoTime() - start < SOON.toNanos(), status.toString());
      TimeUnit.MILLISECONDS.sleep(50);
      status = light.control().status();
    }
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
  }

  /** One version serves, and it is the one that the run's end says. */
  private static void assertOneServes(LightServiceFixture light, Receipt run) throws Exception {
    Outcome outcome = run.upgrade().outcome();
    assertTrue(
        Set.of(Outcome.DONE, Outcome.ROLLED_BACK, Outcome.REFUSED).contains(outcome),
        run.toString());
    String version = outcome == Outcome.DONE ? "v2" : "v1";
    assertEquals("ledger " + version + "\n", light.get("/"));
    assertTrue(outcome == Outcome.DONE || !run.upgrade().reason().isEmpty(), run.toString());
    assertEquals(1, light.containers().stream().filter(each -> each.endsWith(" running")).count());
  }

  @ParameterizedTest
  @CsvSource({
    "prepare, intent, false",
    "hold, done, false",
    "verify, intent, true",
    "switch, done, false",
    "bake, intent, true",
  })
  void theEngineIsAwayForAWhile(String step, String phase, boolean killed) throws Exception {
    try (LightServiceFixture light = light()) {
      bringUpV1(light);
      try (LightLoad lines = new LightLoad(light, "/lines")) {
        Thread outage =
            Thread.ofPlatform()
                .unstarted(() -> {
                  if (killed) {
                    privateEngine.kill();
                  } else {
                    privateEngine.stop();
                  }
                  privateEngine.start();
                });
        Receipt receipt =
            light.await(light.control().upgrade("v2"), onPhase(step, phase, outage::start));
        outage.join();
        System.out.printf(
            "engine away at %s %s, killed %s: %s, serves %,d ms after both: %s%n",
            step,
            phase,
            killed,
            receipt.upgrade().outcome(),
            millisUntilServing(light),
            receipt.upgrade().reason());
        assertOneServes(light, receipt);
        assertNotEquals("quarantined", light.control().versions().get(1).state());
        lines.assertComplete("engine away at " + step);
      }
    }
  }

  @Test
  void aDiskThatFillsUpInTheCopyEndsTheUpgrade() throws Exception {
    try (LightServiceFixture light = light()) {
      bringUpV1(light);
      inside(light, 1, "head -c 50000000 /dev/urandom > /var/lib/ledger/large");
      try (LightLoad lines = new LightLoad(light, "/lines")) {
        Receipt receipt =
            light.await(
                light.control().upgrade("v2"),
                onPhase("pre-sync", "intent", () -> privateEngine.disk().fill(20_000_000)));
        privateEngine.disk().removeFiller();
        assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
        assertTrue(
            receipt.upgrade().reason().contains("No space left on device"),
            receipt.upgrade().reason());
        millisUntilServing(light);
        assertOneServes(light, receipt);
        assertEquals(2, light.volumes().size(), light.volumes().toString());
        lines.assertComplete("disk full in the copy");
      } finally {
        privateEngine.disk().removeFiller();
      }
      Receipt again = light.await(light.control().upgrade("v2"));
      assertEquals(Outcome.DONE, again.upgrade().outcome(), again.upgrade().reason());
    }
  }

  /** A run during which the disk fills up, and has space again behind it. */
  private static Receipt whileFull(
      LightServiceFixture light, String step, long left, Supplier<String> request)
      throws InterruptedException {
    try {
      return light.await(
          request.get(), onPhase(step, "intent", () -> privateEngine.disk().fill(left)));
    } finally {
      privateEngine.disk().removeFiller();
    }
  }

  @Test
  void aDiskThatFillsUpEndsWhatIsDoneWithASnapshotAndLeavesNothing() throws Exception {
    try (LightServiceFixture light = light()) {
      Control control = light.control();
      bringUpV1(light);
      inside(light, 1, "head -c 50000000 /dev/urandom > /var/lib/ledger/large");
      try (LightLoad lines = new LightLoad(light, "/lines")) {
        Receipt made =
            whileFull(
                light,
                "pre-sync",
                20_000_000,
                () -> control.createSnapshot(SnapshotRequest.manual("full", null)));
        assertEndedByTheDisk(made, "No space left on device");
        assertEquals(List.of(), control.snapshots());
        assertEquals(2, light.volumes().size(), light.volumes().toString());

        Receipt lunch = light.await(control.createSnapshot(SnapshotRequest.manual("lunch", null)));
        assertEquals(Outcome.DONE, lunch.upgrade().outcome(), lunch.upgrade().reason());
        List<String> volumes = light.volumes();
        Receipt proof = whileFull(light, "start-proof", 0, () -> control.proveSnapshot("lunch"));
        assertEndedByTheDisk(proof, "the disk where the engine keeps its volumes is full");
        assertNull(control.snapshot("lunch").lastProof(), "it says nothing of the snapshot");
        assertEquals(volumes, light.volumes());
        assertEquals(List.of(), light.engine().networks(light.labels()));

        Receipt restore =
            whileFull(light, "copy-snapshot", 20_000_000, () -> control.restoreSnapshot("lunch"));
        assertEndedByTheDisk(restore, "No space left on device");
        assertEquals(volumes, light.volumes());
        assertEquals("ledger v1\n", light.get("/"));
        assertEquals(1, light.containers().size(), light.containers().toString());
        lines.assertComplete("disk full beside snapshots");
      }
      Receipt again = light.await(control.proveSnapshot("lunch"));
      assertEquals(Outcome.DONE, again.upgrade().outcome(), again.upgrade().reason());
    }
  }

  private static void assertEndedByTheDisk(Receipt receipt, String why) {
    String reason = receipt.upgrade().reason();
    System.out.println(receipt.upgrade().kind() + ": " + reason);
    assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), reason);
    assertTrue(reason.contains(why), reason);
    assertEquals(1, reason.lines().count(), reason);
  }

  @Test
  void aDiskThatFillsUpInTheBuildEndsTheUpgrade() throws Exception {
    try (LightServiceFixture light = light()) {
      bringUpV1(light);
      Path greeting = directory.resolve("stacks/" + STACK + "/releases/v2/greeting.txt");
      Files.writeString(greeting, "hello ".repeat(100_000) + directory);
      try (LightLoad lines = new LightLoad(light, "/lines")) {
        Receipt receipt =
            light.await(
                light.control().upgrade("v2"),
                onPhase("build", "intent", () -> privateEngine.disk().fill()));
        privateEngine.disk().removeFiller();
        assertEquals(Outcome.REFUSED, receipt.upgrade().outcome(), receipt.toString());
        assertTrue(
            receipt.upgrade().reason().contains("no space left on device"),
            receipt.upgrade().reason());
        millisUntilServing(light);
        assertOneServes(light, receipt);
        lines.assertComplete("disk full in the build");
      } finally {
        privateEngine.disk().removeFiller();
      }
    }
  }

  private static void awaitUndone(LightServiceFixture light) {
    long end = System.nanoTime() + SOON.toNanos();
    while (light.volumes().size() > 2 && System.nanoTime() < end) {
      LockSupport.parkNanos(50_000_000);
    }
  }

  @Test
  void aDiskThatFillsUpUnderTheJournalEndsTheUpgrade() throws Exception {
    try (LoopDiskFixture disk = new LoopDiskFixture(directory, "mkfs.ext4", 32 << 20);
        LightServiceFixture light =
            light(s ->
                new Settings(
                    s.file(),
                    disk.folder().resolve("home"),
                    s.engine(),
                    s.api(),
                    s.image(),
                    s.schedule(),
                    s.takeover(),
                    s.stack()))) {
      bringUpV1(light);
      try (LightLoad lines = new LightLoad(light, "/lines")) {
        // The end of the run can't be noted before there is space again.
        Thread freeing =
            Thread.ofPlatform()
                .unstarted(() -> {
                  awaitUndone(light);
                  disk.removeFiller();
                });
        Receipt receipt =
            light.await(
                light.control().upgrade("v2"),
                onPhase(
                    "pre-sync",
                    "intent",
                    () -> {
                      disk.fill();
                      freeing.start();
                    }));
        freeing.join();
        assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
        assertTrue(receipt.upgrade().reason().contains("the disk is full"), receipt.toString());
        millisUntilServing(light);
        assertOneServes(light, receipt);
        lines.assertComplete("disk full under the journal");
      }
    }
  }

  @Test
  void bothStartedByHandOneWrites() throws Exception {
    DataSettings attach =
        new DataSettings(
            DataSettings.Strategy.ATTACH,
            DataSettings.Quiesce.STOP,
            Map.of(),
            List.of(),
            100_000_000,
            false,
            5,
            64L << 20,
            true,
            DataSettings.Rollback.ASK,
            List.of("/tmp"),
            List.of(),
            List.of(),
            List.of());
    try (LightServiceFixture light = light(LightStackFixture.with(attach))) {
      bringUpV1(light);
      try (LightLoad lines = new LightLoad(light, "/lines")) {
        Receipt receipt = light.await(light.control().upgrade("v2"));
        assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
        refusesToServe(light, "after the upgrade");
        privateEngine.stop();
        privateEngine.start();
        light.engine().startContainer(light.container(1));
        light.engine().startContainer(light.container(2));
        millisUntilServing(light);
        refusesToServe(light, "after a restart of the engine");
        assertEquals("ledger v2\n", light.get("/"));
        lines.assertComplete("both started by hand");
      }
    }
  }

  /** Blue, started by hand beside what serves, has no service that runs. */
  private static void refusesToServe(LightServiceFixture light, String when) {
    String blue = light.container(1);
    light.engine().startContainer(blue);
    ExecResult started = light.engine().exec(blue, ready("capsule start"), SOON);
    assertEquals(3, started.exitCode(), when + ": " + started);
    assertTrue(started.stderr().contains("its data belongs to epoch 2"), started.stderr());
    ExecResult running = light.engine().exec(blue, ready("docker ps --quiet"), SOON);
    assertEquals("", running.stdout(), when);
    assertTrue(light.containers().contains(blue + " running"), when);
  }

  private static List<String> ready(String command) {
    return List.of(
        "bash",
        "-c",
        "for try in {1..300}; do capsule ready >/dev/null 2>&1 && break; sleep 0.1; done; "
            + command);
  }

  private static void inside(LightServiceFixture light, int generation, String script)
      throws IOException {
    ExecResult result =
        light
            .engine()
            .exec(
                light.container(generation),
                List.of("capsule", "exec", "ledger", "sh", "-c", script),
                SOON);
    assertTrue(result.ok(), result.stderr());
  }
}
