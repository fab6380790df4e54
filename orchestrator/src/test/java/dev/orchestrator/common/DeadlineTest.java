package dev.orchestrator.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class DeadlineTest {
  private Instant now = Instant.EPOCH;
  private final Deadline deadline = Deadline.in(Duration.ofSeconds(3), () -> now);

  @Test
  void whatIsLeftShrinksToNothingAndStaysThere() {
    assertEquals(Duration.ofSeconds(3), deadline.require());
    assertEquals(Duration.ofSeconds(1), deadline.atMost(Duration.ofSeconds(1)));
    now = Instant.EPOCH.plusMillis(2500);
    assertEquals(Duration.ofMillis(500), deadline.atMost(Duration.ofSeconds(1)));
    assertFalse(deadline.passed());
    for (Instant late :
        new Instant[] {Instant.EPOCH.plusSeconds(3), Instant.EPOCH.plusSeconds(9)}) {
      now = late;
      assertTrue(deadline.passed());
      assertEquals(Duration.ZERO, deadline.remaining());
      assertThrows(Deadline.PassedException.class, deadline::require);
    }
  }
}
