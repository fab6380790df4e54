package dev.orchestrator.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.testing.FakeControl;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Snapshots that become too old while no run is begun, with a clock that the test moves. */
class AutoPruneTest {
  private static final Instant EVENING = Instant.parse("2026-11-02T20:00:00Z");

  private final AtomicReference<Instant> now = new AtomicReference<>(EVENING);
  private final FakeControl control = new FakeControl();
  private final AutoPrune auto =
      new AutoPrune(control, Schedule.of("17 * * * *", ZoneOffset.UTC), now::get);

  @Test
  void whatIsTooOldGoesWithinTheHour() {
    auto.tick();
    assertEquals(List.of(), control.calls());
    now.set(EVENING.plusSeconds(17 * 60));
    auto.tick();
    auto.tick();
    assertEquals(List.of("prune snapshots plan", "prune snapshots"), control.calls());
  }
}
