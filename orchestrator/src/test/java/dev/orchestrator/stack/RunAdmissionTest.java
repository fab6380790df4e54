package dev.orchestrator.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import dev.orchestrator.upgrade.DataOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When another process may take over. */
class RunAdmissionTest {
  @TempDir Path home;

  /**
   * Between the end of a rollback that carried the data and the beginning of its fall-back the
   * journal has no run. A process that took over then would never begin the fall-back.
   */
  @Test
  void noProcessTakesOverBetweenARollbackAndItsFallBack() throws Exception {
    FakeHost host = new FakeHost();
    try (OrchestratorFixture service = new OrchestratorFixture(host, home)) {
      service.control.up("v1");
      service.control.upgrade("v2");
      host.v1RejectsDataOfV2 = true;
      host.writeRow(service.traffic.reachedContainer());
      List<Throwable> answers = new ArrayList<>();
      service.eventListener =
          event -> {
            if (event.phase().equals("end") && answers.isEmpty()) {
              assertTrue(service.journal.running().isEmpty(), "the journal has no run");
              answers.add(handOverElsewhere(service.control::closeForHandover));
            }
          };
      String carried = service.control.rollback(DataOptions.forRollback(Rollback.CARRY));
      assertEquals(1, answers.size());
      RefusedException refused = assertInstanceOf(RefusedException.class, answers.getFirst());
      assertTrue(
          String.valueOf(refused.getMessage()).contains("a run is under way"), refused.toString());
      UpgradeRecord last = service.journal.history().getFirst();
      assertEquals(
          Outcome.ROLLED_BACK, service.journal.upgrade(carried).orElseThrow().outcome(), "carried");
      assertTrue(!last.id().equals(carried), "the fall-back has run");
      assertEquals(Outcome.DONE, last.outcome());
      assertEquals("v1", Invariants.servingVersion(service));
    }
  }

  /** A run that makes progress is waited for; one that is stuck goes on in the next process. */
  @Test
  void aRunThatIsStuckKeepsNoProcessFromTakingOver() {
    FakeHost host = new FakeHost();
    try (OrchestratorFixture service = new OrchestratorFixture(host, home)) {
      service.control.up("v1");
      host.unhealthy.add("v2");
      AtomicInteger removals = new AtomicInteger();
      host.faults =
          new FakeHost.Faults() {
            @Override
            public void before(String operation, int number) {
              if (operation.equals("engine.removeVolume") && removals.incrementAndGet() < 5) {
                throw new EngineException(EngineException.Kind.CONFLICT, "the volume is in use");
              }
            }
          };
      Map<String, Throwable> answers = new HashMap<>();
      service.eventListener =
          event -> {
            String at = event.phase().equals("stuck") ? "stuck" : event.step();
            if (event.phase().equals("stuck") || event.phase().equals("done")) {
              answers.put(at, handOverElsewhere(service.control::closeForHandover));
              service.control.openAdmission();
            }
          };
      String _ = service.control.upgrade("v2");
      assertTrue(answers.keySet().containsAll(List.of("prepare", "hold", "stuck")));
      Throwable stuck = answers.remove("stuck");
      assertEquals("it may take over", String.valueOf(Objects.requireNonNull(stuck).getMessage()));
      answers.forEach((step, answer) -> {
        RefusedException refused = assertInstanceOf(RefusedException.class, answer, step);
        assertTrue(String.valueOf(refused.getMessage()).contains("a run is under way"), step);
      });
      Invariants.assertHold(host, service, "stuck");
    }
  }

  /** Asks from another thread, while the run's thread still holds the serving lock. */
  private static Throwable handOverElsewhere(Consumer<String> closeAdmission) {
    return CompletableFuture.runAsync(() -> closeAdmission.accept("another process takes over"))
        .orTimeout(Duration.ofSeconds(10).toMillis(), TimeUnit.MILLISECONDS)
        .handle((_, failure) ->
            failure == null ? new AssertionError("it may take over") : failure.getCause())
        .join();
  }
}
