package dev.orchestrator.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.report.Status;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A stack in one line. */
class StackSummaryTest {
  private static Status.Service service(String state, String problem) {
    return new Status.Service("db", state, "none", 0, 0, "", problem);
  }

  private static Status status(String state, List<Status.Service> services) {
    Status.Side serving = new Status.Side("v1", 1, "shop-g1", "running", Instant.EPOCH);
    return new Status(
        "shop",
        state,
        "look at it",
        serving,
        null,
        null,
        services,
        List.of(),
        null,
        "",
        null,
        null,
        "",
        null,
        null,
        List.of());
  }

  private static String health(String state, Status.Service... services) {
    return StackSummary.of(status(state, List.of(services)), "/stacks/shop", "").health();
  }

  @Test
  void aJobThatHasDoneItsWorkIsWell() {
    assertEquals("healthy", health("serving", service("running", ""), service("exited", "")));
  }

  @Test
  void whatAnUpgradeWouldRefuseIsCounted() {
    assertEquals(
        "1 of 2 not healthy",
        health("serving", service("running", ""), service("running", "is unhealthy")));
  }

  @Test
  void aStackThatIsDownHasNoHealth() {
    assertEquals("", health("down", service("exited", "")));
    assertEquals("", health("serving"));
  }

  @Test
  void aProblemWithTheSettingsGoesBeforeWhatNeedsAttention() {
    Status status = status("serving", List.of());
    assertEquals("look at it", StackSummary.of(status, "/stacks/shop", "").problem());
    assertEquals("wrong", StackSummary.of(status, "/stacks/shop", "wrong").problem());
  }
}
