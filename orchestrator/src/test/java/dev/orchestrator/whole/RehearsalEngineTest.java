package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.RehearseSettings;
import dev.orchestrator.settings.RehearseSettings.Mode;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.testing.LightLoad;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.RehearsalOptions;
import dev.orchestrator.upgrade.RunEvent;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Upgrades of the light stack on a real engine that are tried out on a copy of the data first, with
 * clients that write to a file and to an SQLite database all the time.
 */
@Tag("engine")
@Rotates
class RehearsalEngineTest {
  private static final Duration EXEC = Duration.ofSeconds(30);

  /** A failed upgrade without a rehearsal holds clients for the verify deadline of 15 s. */
  private static final Duration MOST_FROZEN = Duration.ofSeconds(8);

  @TempDir Path directory;

  private LightServiceFixture light(Mode mode) {
    return new LightServiceFixture(
        LightStackFixture.in(directory),
        LightStackFixture.changed(stack -> rehearsing(stack, mode)));
  }

  private static StackSettings rehearsing(StackSettings stack, Mode mode) {
    return stack.withUpgrade(stack.upgrade().withRehearse(RehearseSettings.OFF.with(mode)));
  }

  private static Receipt done(LightServiceFixture light, String run) throws InterruptedException {
    return done(light, run, event -> {});
  }

  private static Receipt done(LightServiceFixture light, String run, Consumer<RunEvent> listener)
      throws InterruptedException {
    Receipt receipt = light.await(run, listener);
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
    return receipt;
  }

  /** What the capsule of a rehearsal reaches of these addresses, while it is checked. */
  private static Consumer<RunEvent> whenChecked(
      LightServiceFixture light, List<String> tried, List<String> reached, int port) {
    return event -> {
      if (event.step().equals("rehearse")
          && event.text().startsWith("healthy 1")
          && tried.isEmpty()) {
        ContainerInfo isolated = isolated(light);
        String subnet = isolated.address().replaceFirst("[.][0-9]+$", "");
        for (String to : List.of("172.17.0.1/" + port, subnet + ".1/" + port)) {
          tried.add(to);
          if (connects(light, isolated.name(), to)) {
            reached.add(to);
          }
        }
      }
    };
  }

  private static ContainerInfo isolated(LightServiceFixture light) {
    return light.engine().containers(light.labels()).stream()
        .filter(each -> each.address().startsWith("198.19."))
        .filter(each -> "capsule".equals(each.labels().get(Labels.ROLE)))
        .findFirst()
        .orElseThrow();
  }

  private static boolean connects(LightServiceFixture light, String capsule, String to) {
    String script = "timeout 3 bash -c '</dev/tcp/" + to + "'";
    return light
        .engine()
        .exec(capsule, List.of("capsule", "exec", "greeter", "bash", "-c", script), EXEC)
        .ok();
  }

  private static RehearsalRecord last(LightServiceFixture light, String version) {
    return light.control().versions().stream()
        .filter(each -> each.version().equals(version))
        .map(each -> Objects.requireNonNull(each.rehearsal()))
        .findFirst()
        .orElseThrow();
  }

  private static void assertNothingLeft(LightServiceFixture light, int containers) {
    assertEquals(List.of(), light.engine().networks(light.labels()));
    assertEquals(containers, light.containers().size(), light.containers().toString());
    assertEquals(2 * containers, light.volumes().size(), light.volumes().toString());
  }

  @Test
  void aGoodVersionIsTriedOutUnderLoadAndThenUpgradedTo() throws Exception {
    try (LightServiceFixture light = light(Mode.REQUIRED);
        ServerSocket host = new ServerSocket(0, 50, InetAddress.getByName("0.0.0.0"))) {
      done(light, light.control().up("v1"));
      assertTrue(
          connects(light, light.container(1), "172.17.0.1/" + host.getLocalPort()),
          "what serves reaches the host");
      List<String> tried = new CopyOnWriteArrayList<>();
      List<String> reached = new CopyOnWriteArrayList<>();
      try (LightLoad lines = new LightLoad(light, "/lines");
          LightLoad rows = new LightLoad(light, "/rows")) {
        Receipt receipt =
            done(
                light,
                light.control().upgrade("v2"),
                whenChecked(light, tried, reached, host.getLocalPort()));
        assertTrue(
            receipt.notes().toString().contains("rehearsed: v2 was healthy"), receipt.toString());
        lines.assertComplete("upgraded");
        rows.assertComplete("upgraded");
        assertEquals(0, Objects.requireNonNull(receipt.traffic()).refused());
      }
      assertEquals(2, tried.size(), "it was looked at");
      assertEquals(List.of(), reached, "nothing goes out");
      RehearsalRecord found = last(light, "v2");
      assertTrue(found.good());
      assertTrue(found.services().containsKey(LightStackFixture.LEDGER), found.toString());
      assertTrue(found.disk() > 0, found.toString());
      assertTrue(found.changed().files() > 0, "its start writes to its data: " + found);
      System.out.printf(
          "frozen %s, healthy after %s %s%n",
          HumanText.time(found.stallMillis()),
          HumanText.time(found.healthyMillis()),
          found.services());
      assertNothingLeft(light, 2);
    }
  }

  @Test
  void aVersionThatNeverGetsHealthyHoldsNobody() throws Exception {
    try (LightServiceFixture light = light(Mode.ON)) {
      done(light, light.control().up("v1"));
      String before = started(light);
      try (LightLoad lines = new LightLoad(light, "/lines");
          LightLoad rows = new LightLoad(light, "/rows")) {
        Receipt receipt = light.await(light.control().upgrade("v3"));
        assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome());
        String reason = receipt.upgrade().reason();
        System.out.println(reason);
        assertTrue(reason.startsWith("rehearse: "), reason);
        assertTrue(reason.contains(LightStackFixture.LEDGER), reason);
        assertTrue(reason.contains("found in a rehearsal, no client has waited"), reason);
        assertNull(receipt.traffic(), "nobody was held");
        assertTrue(receipt.steps().stream().noneMatch(step -> step.step().equals("hold")));
        lines.assertComplete("not upgraded");
        rows.assertComplete("not upgraded");
        assertEquals(List.of(), lines.failures());
        assertEquals(List.of(), rows.failures());
        Duration longest = lines.longestWrite();
        System.out.printf("the longest write took %s%n", HumanText.time(longest.toMillis()));
        assertTrue(longest.compareTo(MOST_FROZEN) < 0, longest.toString());
      }
      assertEquals(before, started(light), "v1 was neither stopped nor started");
      Status status = light.control().status();
      assertTrue(
          status.services().stream().allMatch(service -> service.restarts() == 0),
          status.services().toString());
      assertFalse(last(light, "v3").good());
      assertEquals("quarantined", light.control().versions().get(2).state());
      assertNothingLeft(light, 1);
    }
  }

  private static String started(LightServiceFixture light) {
    return light.engine().container(light.container(1)).orElseThrow().startedAt();
  }

  @Test
  void aRehearsalAloneChangesNothingAndIsNotRepeatedByTheUpgrade() throws Exception {
    try (LightServiceFixture light = light(Mode.OFF)) {
      done(light, light.control().up("v1"));
      light.post("one");
      done(light, light.control().rehearse("v2"));
      assertEquals("v1", Objects.requireNonNull(light.control().status().serving()).version());
      assertTrue(last(light, "v2").good());
      assertNothingLeft(light, 1);
      Receipt upgraded =
          done(light, light.control().upgrade("v2", DataOptions.NONE, RehearsalOptions.REQUIRED));
      assertTrue(
          upgraded.notes().toString().contains("not rehearsed again"), upgraded.notes().toString());
      assertEquals("one", light.get("/lines").strip());
    }
  }
}
