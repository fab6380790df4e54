package dev.orchestrator.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.settings.Settings.ScheduleSettings;
import dev.orchestrator.stack.Control;
import dev.orchestrator.testing.StackFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scheduled upgrades of a stack in memory, with a clock that the test moves. */
class AutoUpgradeTest {
  private static final Instant EVENING = Instant.parse("2026-11-02T20:00:00Z");
  private static final Instant NIGHT = Instant.parse("2026-11-03T04:00:00Z");

  @TempDir Path home;
  private final AtomicReference<Instant> now = new AtomicReference<>(EVENING);
  private StackFixture stack;
  private AutoUpgrade auto;

  @BeforeEach
  void start() {
    stack = new StackFixture(home);
    auto =
        new AutoUpgrade(
            stack.control(),
            Schedule.of(new ScheduleSettings("0 4 * * *", ZoneOffset.UTC)),
            now::get);
  }

  @AfterEach
  void stop() {
    stack.close();
  }

  private void tickAt(Instant time) {
    now.set(time);
    auto.tick();
  }

  @Test
  void takesTheNewestVersionWhenItsTimeHasCome() {
    stack.control().up("v1");
    tickAt(NIGHT.minusSeconds(1));
    assertEquals("v1", stack.servingVersion());
    tickAt(NIGHT);
    assertEquals("v3", stack.servingVersion());
    tickAt(NIGHT.plusSeconds(1));
    assertEquals(2, stack.control().history().size(), "once");
  }

  @Test
  void waitsNoLongerThanUntilATimeIsDue() {
    Duration most = Duration.ofSeconds(10);
    assertEquals(most, auto.pause(most));
    now.set(NIGHT.minusSeconds(3));
    assertEquals(Duration.ofMillis(3001), auto.pause(most));
    now.set(NIGHT.plusSeconds(3));
    assertEquals(Duration.ZERO, auto.pause(most));
  }

  @Test
  void aVersionThatFailedIsPassedOverUntilItsFilesChange() throws Exception {
    stack.control().up("v1");
    stack.makeUnhealthy("v3");
    tickAt(NIGHT);
    assertEquals("v1", stack.servingVersion());
    tickAt(NIGHT.plus(Duration.ofDays(1)));
    assertEquals("v2", stack.servingVersion(), "v3 is in quarantine, v2 is newer too");
    tickAt(NIGHT.plus(Duration.ofDays(2)));
    assertEquals(3, stack.control().history().size(), "nothing left to try");

    stack.makeHealthy();
    Files.writeString(stack.release("v3").resolve("compose.yaml"), "services: {a: {}}\n");
    tickAt(NIGHT.plus(Duration.ofDays(3)));
    assertEquals("v3", stack.servingVersion(), "its author has mended it");
  }

  @Test
  void aVersionThatWasRolledBackByHandIsNotTakenAgain() {
    stack.control().up("v2");
    stack.control().upgrade("v3");
    stack.control().rollback();
    tickAt(NIGHT);
    assertEquals("v2", stack.servingVersion());
  }

  @Test
  void noUpgradeBeginsWhileNothingServes() {
    tickAt(NIGHT);
    stack.control().up("v1");
    stack.control().down(Control.Removal.NOTHING);
    tickAt(NIGHT.plus(Duration.ofDays(1)));
    assertEquals("down", stack.control().status().state());
    assertEquals(1, stack.control().history().size());
  }

  @Test
  void aTimeThatPassedWhileTheHostSleptCountsOnce() {
    stack.control().up("v1");
    tickAt(NIGHT.plus(Duration.ofDays(5)).plusSeconds(7));
    assertEquals("v3", stack.servingVersion());
    assertEquals(2, stack.control().history().size());
  }

  @Test
  void aNameWithoutANumberIsNotTaken() throws Exception {
    for (String name : List.of("latest", "nightly")) {
      Files.createDirectories(stack.release(name));
      Files.writeString(stack.release(name).resolve("compose.yaml"), "services: {a: {}}\n");
    }
    stack.control().up("v1");
    tickAt(NIGHT);
    assertEquals("v3", stack.servingVersion());
    tickAt(NIGHT.plus(Duration.ofDays(1)));
    assertEquals("v3", stack.servingVersion());
    stack.control().upgrade("nightly");
    tickAt(NIGHT.plus(Duration.ofDays(2)));
    assertEquals("nightly", stack.servingVersion(), "nobody knows what is newer than that");
  }

  @Test
  void aClockThatIsSetBackMovesTheNextRunWithIt() {
    stack.control().up("v1");
    tickAt(EVENING.minus(Duration.ofDays(30)));
    tickAt(NIGHT.minus(Duration.ofDays(30)));
    assertEquals("v3", stack.servingVersion());
  }
}
