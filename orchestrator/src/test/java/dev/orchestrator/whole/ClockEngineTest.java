package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.SubprocessLoad;
import dev.orchestrator.upgrade.RunEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The host's clock jumps by an hour, both ways, in the middle of upgrades. libfaketime stands
 * between the service's process and its clock.
 */
@Tag("engine")
@Rotates(days = 3)
class ClockEngineTest {
  @TempDir Path directory;

  private static Optional<Path> library() throws IOException {
    try (Stream<Path> files =
        Files.find(
            Path.of("/usr/lib"), 3, (file, _) -> file.endsWith("faketime/libfaketime.so.1"))) {
      return files.findFirst();
    }
  }

  private void setClockOffset(String offset) throws IOException {
    Path next = Files.writeString(directory.resolve("clock.new"), offset + "\n");
    Files.move(next, directory.resolve("clock"), StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void anHourForthAndBackChangesNothing() throws Exception {
    Optional<Path> library = library();
    assumeTrue(library.isPresent(), "no libfaketime here");
    setClockOffset("+0");
    LightStackFixture stack = LightStackFixture.in(directory);
    String settings =
        "upgrade { hold-budget = 30s, drain-budget = 500ms, bake = 2s,"
            + " verify { passes = 2, interval = 200ms, deadline = 15s } }";
    try (ServiceProcessFixture daemon =
        new ServiceProcessFixture(stack, FreePorts.next(), settings)) {
      daemon.setEnvironment("LD_PRELOAD", library.get().toString());
      daemon.setEnvironment("FAKETIME_TIMESTAMP_FILE", directory.resolve("clock").toString());
      daemon.setEnvironment(
          "FAKETIME_CACHE_DURATION", "1"); // seconds until it reads the file again
      daemon.setEnvironment("FAKETIME_DONT_FAKE_MONOTONIC", "1");
      daemon.start();
      upgradeWithJumps(daemon, daemon.requestRun("/v1/up", Map.of("version", "v1")), List.of());
      try (SubprocessLoad client = new SubprocessLoad(daemon.port).start()) {
        upgrade(daemon, "v2", List.of("pre-sync +1h", "hold +0", "bake +1h"));
        upgrade(daemon, "v1", List.of("prepare +0", "hold -1h", "verify +0", "bake -1h"));
        Set<Integer> acknowledged = client.acknowledged();
        assertTrue(acknowledged.size() > 10, acknowledged.toString());
        acknowledged.removeAll(client.readNumbers());
        assertEquals(Set.of(), acknowledged, "acknowledged and lost");
        assertEquals(0, client.refused());
      }
      assertEquals(3, daemon.runs().size());
    }
  }

  private void upgrade(ServiceProcessFixture daemon, String version, List<String> jumps)
      throws IOException {
    upgradeWithJumps(daemon, daemon.requestRun("/v1/upgrades", Map.of("version", version)), jumps);
    Status.Side serving = daemon.status().serving();
    assertNotNull(serving);
    assertEquals(version, serving.version());
    assertEquals("serving", daemon.status().state());
  }

  /** Each jump is {@code STEP OFFSET}: when the step begins, the clock is off by so much. */
  private void upgradeWithJumps(ServiceProcessFixture daemon, String run, List<String> jumps)
      throws IOException {
    for (String jump : jumps) {
      String step = jump.substring(0, jump.indexOf(' '));
      Optional<RunEvent> begun =
          daemon.await(run, event -> event.step().equals(step) && event.phase().equals("intent"));
      assertTrue(begun.isPresent(), step + ": " + daemon.receipt(run));
      setClockOffset(jump.substring(step.length() + 1));
    }
    daemon.await(run, event -> event.phase().equals("end"));
    assertEquals(
        Outcome.DONE, daemon.receipt(run).upgrade().outcome(), daemon.receipt(run)::toString);
  }
}
