package dev.orchestrator.upgrade;

import dev.orchestrator.engine.EngineException;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.FaultScenario;
import dev.orchestrator.testing.FaultScenario.Case;
import dev.orchestrator.testing.InMemoryFolder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Injects two faults at random points of a run, the second possibly while the first is being
 * handled. Each run has its own seed, which a failure names.
 */
@Tag("long")
class FaultSequencesTest {
  private static final int RUNS = Integer.getInteger("faults.runs", 2_000);
  private static final long SEED = Long.getLong("faults.seed", System.currentTimeMillis());

  private static final List<Case> CASES = List.of(Case.values());

  /** About as many points as a run with a fault passes. */
  private static final int POINTS = 120;

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private record Fault(int point, int kind) {
    @Override
    public String toString() {
      return List.of(
                  "fails",
                  "killed before",
                  "killed after",
                  "engine restarts",
                  "clock an hour ahead",
                  "clock an hour back",
                  "journal is full",
                  "service stops")
              .get(kind)
          + " at point "
          + point;
    }
  }

  /** Clients that are led to a version that the undo leaves would write rows that are lost. */
  @Test
  void aSwitchThatFailsAndIsCutOffInItsUndoLosesNothing() {
    for (Case scenario : CASES) {
      Set<String> faults = new HashSet<>(Set.of("traffic.lead", "switch undo"));
      try (FaultScenario run = new FaultScenario(scenario, home.resolve(scenario.name()))) {
        run.atPoints(point -> {
          if (faults.remove(point.name())) {
            if (point.operation()) {
              throw new EngineException(EngineException.Kind.REFUSED, point.name() + " failed");
            }
            throw new FakeHost.ProcessKilledError(point.name());
          }
        });
        run.run();
        run.assertInvariants("the switch fails, killed in its undo");
      }
    }
  }

  @Test
  void aSwitchThatTheJournalHasNoSpaceForLosesNothing() {
    for (Case scenario : CASES) {
      AtomicInteger leads = new AtomicInteger();
      try (FaultScenario run = new FaultScenario(scenario, home.resolve(scenario.name()))) {
        run.atPoints(point -> {
          if (point.name().equals("traffic.lead")) {
            switch (leads.incrementAndGet()) {
              case 1 -> run.host.refusedJournalWrites = 7;
              case 2 -> throw new EngineException(EngineException.Kind.REFUSED, "it failed");
              default -> {}
            }
          }
        });
        run.run();
        run.assertInvariants(
            "the journal is full in the switch, which fails when it is done again");
      }
    }
  }

  @Test
  void oneVersionServesAfterTwoFaults() {
    System.out.printf("%d runs from seed %d%n", RUNS, SEED);
    for (int i = 0; i < RUNS; i++) {
      run(SEED + i);
    }
  }

  /**
   * A fall-back removed what the rollback before it had just set aside; a candidate of a move was
   * left, as this engine did not answer and was taken for the other.
   */
  @Test
  void sequencesThatHaveFoundFaultsFindNoneAnyMore() {
    run(1_795_759_111_609L);
    run(1_795_773_770_056L);
    run(1_795_774_135_654L);
  }

  private void run(long seed) {
    Random random = new Random(seed);
    Case scenario = CASES.get(random.nextInt(CASES.size()));
    List<Fault> faults = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      faults.add(new Fault(1 + random.nextInt(POINTS), random.nextInt(8)));
    }
    String where =
        faults
            + "; again: scripts/test --unit -Dtest=FaultSequencesTest -Dtest.excludedGroups=engine"
            + " -Dfaults.runs=1 -Dfaults.seed="
            + seed;
    try (FaultScenario run = new FaultScenario(scenario, home.resolve(Long.toString(seed)))) {
      run.atPoints(point -> faults.forEach(fault -> before(run, fault, point)));
      run.afterOperations(point ->
          faults.forEach(fault -> {
            if (fault.kind() == 2 && fault.point() == point.number()) {
              throw new FakeHost.ProcessKilledError(point.name());
            }
          }));
      run.run();
      run.assertInvariants(where);
    } catch (RuntimeException e) {
      throw new AssertionError(scenario + ", " + where + ": " + e, e);
    }
  }

  private static void before(FaultScenario run, Fault fault, FaultScenario.Point point) {
    if (fault.point() != point.number()) {
      return;
    }
    switch (fault.kind()) {
      case 0 -> {
        if (point.operation()) {
          throw new EngineException(EngineException.Kind.REFUSED, point.name() + " failed");
        }
      }
      case 1 -> throw new FakeHost.ProcessKilledError(point.name());
      case 3 -> run.host.restartEngine(3);
      case 4 -> run.host.clockOffset = Duration.ofHours(1);
      case 5 -> run.host.clockOffset = Duration.ofHours(-1);
      case 6 -> run.host.refusedJournalWrites = 7;
      case 7 -> {
        if (point.operation()) {
          run.stopService();
        }
      }
      default -> {}
    }
  }
}
