package dev.orchestrator.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.stack.Control;
import dev.orchestrator.testing.StackFixture;
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

/** Scheduled snapshots of a stack in memory, with a clock that the test moves. */
class AutoSnapshotTest {
  private static final Instant EVENING = Instant.parse("2026-11-02T20:00:00Z");
  private static final Instant NIGHT = Instant.parse("2026-11-03T03:00:00Z");

  @TempDir Path home;
  private final AtomicReference<Instant> now = new AtomicReference<>(EVENING);
  private StackFixture stack;
  private AutoSnapshot auto;

  @BeforeEach
  void start() {
    stack = new StackFixture(home);
    auto = new AutoSnapshot(stack.control(), Schedule.of("0 3 * * *", ZoneOffset.UTC), now::get);
  }

  @AfterEach
  void stop() {
    stack.close();
  }

  private void tickAt(Instant time) {
    now.set(time);
    auto.tick();
  }

  private List<String> reasons() {
    return stack.control().snapshots().stream().map(SnapshotStatus::reason).toList();
  }

  @Test
  void makesASnapshotWhenItsTimeHasCome() {
    stack.control().up("v1");
    tickAt(NIGHT.minusSeconds(1));
    assertEquals(List.of(), reasons());
    tickAt(NIGHT);
    assertEquals(List.of("schedule"), reasons());
    tickAt(NIGHT.plusSeconds(1));
    assertEquals(1, reasons().size(), "once");
    assertEquals(Duration.ofSeconds(5), auto.pause(Duration.ofSeconds(5)));
  }

  @Test
  void onlyTheNewestOnesStay() {
    stack.control().up("v1");
    for (int day = 0; day < 5; day++) {
      tickAt(NIGHT.plus(Duration.ofDays(day)));
    }
    assertEquals(3, reasons().size());
  }

  @Test
  void passesOverWhatDoesNotServe() {
    stack.control().up("v1");
    stack.control().down(Control.Removal.NOTHING);
    tickAt(NIGHT);
    assertTrue(reasons().isEmpty());
    stack.control().up(null);
    tickAt(NIGHT.plus(Duration.ofDays(1)));
    assertEquals(1, reasons().size());
  }
}
