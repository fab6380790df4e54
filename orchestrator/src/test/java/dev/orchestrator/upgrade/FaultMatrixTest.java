package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.EngineException;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.FaultScenario;
import dev.orchestrator.testing.FaultScenario.Case;
import dev.orchestrator.testing.FaultScenario.Point;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.Rotation;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Injects one fault at every point of every kind of run: each operation fails, or the process is
 * killed before it, after it, or after a journal line. A run without a fault finds the points, so
 * that a new step is covered without a change here.
 */
@Execution(ExecutionMode.CONCURRENT) // each scenario has its own host
class FaultMatrixTest {

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  /** The kind of fault. */
  enum Fault {
    FAILS,
    KILLED_BEFORE,
    KILLED_AFTER,
    ENGINE_RESTARTS,
    /** The service is stopped by a signal and ends in order. */
    SERVICE_STOPS,
    /** For some writes; then there is space again. */
    JOURNAL_IS_FULL
  }

  /**
   * Faults for the scenarios of other methods of data transfer; {@code -Dfaults.all=true} injects
   * all faults there too. {@link FaultSequencesTest} covers the others at random.
   */
  private static final Set<Fault> FAULTS_OF_DATA_CASES =
      EnumSet.of(Fault.FAILS, Fault.KILLED_AFTER);

  private static final boolean ALL_FAULTS = Boolean.getBoolean("faults.all");

  private final AtomicInteger folders = new AtomicInteger();

  private FaultScenario scenario(Case scenario) {
    return new FaultScenario(scenario, home.resolve(Integer.toString(folders.incrementAndGet())));
  }

  private List<Point> points(Case scenario) {
    try (FaultScenario clean = scenario(scenario)) {
      clean.run();
      clean.assertInvariants("without a fault");
      return clean.points();
    }
  }

  @Test
  void theScenariosCoverEveryStep() {
    Set<Step> struck = new HashSet<>();
    for (Case scenario : Case.values()) {
      try (FaultScenario clean = scenario(scenario)) {
        clean.run();
        struck.addAll(clean.steps);
      }
    }
    assertEquals(Set.copyOf(UpgradePlans.all()), struck);
  }

  @TestFactory
  Stream<DynamicTest> oneVersionServesAfterAnyFault() {
    return tests(scenario -> scenario.compareTo(Case.ROLLBACK) <= 0, Set.of(Fault.values()));
  }

  @Tag("long")
  @TestFactory
  Stream<DynamicTest> oneVersionServesAfterAFaultWithOtherDataTransfers() {
    return tests(
        scenario -> scenario.compareTo(Case.ROLLBACK) > 0 && isDue(scenario),
        ALL_FAULTS ? Set.of(Fault.values()) : FAULTS_OF_DATA_CASES);
  }

  /** They take minutes: a half of them each day. */
  private static boolean isDue(Case scenario) {
    return Rotation.isWhole()
        || (List.of(Case.values()).indexOf(scenario) + Rotation.day()) % 2 == 0;
  }

  private Stream<DynamicTest> tests(Predicate<Case> cases, Set<Fault> faults) {
    return Stream.of(Case.values())
        .filter(cases)
        .flatMap(scenario ->
            Stream.of(Fault.values())
                .filter(faults::contains)
                .map(fault ->
                    DynamicTest.dynamicTest(
                        scenario + " " + fault, () -> strikeEveryPoint(scenario, fault))));
  }

  private void strikeEveryPoint(Case scenario, Fault fault) {
    List<Point> points = points(scenario);
    int struck = 0;
    for (Point point : points) {
      if (applies(fault, point)) {
        strike(scenario, fault, point);
        struck++;
      }
    }
    System.out.printf("%s %s: %d points%n", scenario, fault, struck);
    assertTrue(struck > 5, "points of " + scenario);
  }

  private static boolean applies(Fault fault, Point point) {
    return point.operation() || fault == Fault.KILLED_BEFORE || fault == Fault.JOURNAL_IS_FULL;
  }

  private void strike(Case scenario, Fault fault, Point point) {
    try (FaultScenario run = scenario(scenario)) {
      run.atPoints(now -> {
        if (now.number() == point.number()) {
          switch (fault) {
            case FAILS ->
                throw new EngineException(EngineException.Kind.REFUSED, now.name() + " failed");
            case KILLED_BEFORE -> throw new FakeHost.ProcessKilledError(now.name());
            case ENGINE_RESTARTS -> run.host.restartEngine(3);
            case JOURNAL_IS_FULL -> run.host.refusedJournalWrites = 7;
            case SERVICE_STOPS -> run.stopService();
            case KILLED_AFTER -> {}
          }
        }
      });
      run.afterOperations(now -> {
        if (fault == Fault.KILLED_AFTER && now.number() == point.number()) {
          throw new FakeHost.ProcessKilledError(now.name());
        }
      });
      String where = fault + " at point " + point.number() + " (" + point.name() + ")";
      try {
        run.run();
      } catch (RuntimeException e) {
        throw new AssertionError(scenario + ", " + where + ": " + e, e);
      }
      run.assertInvariants(where);
      if (fault == Fault.SERVICE_STOPS
          && !scenario.hasBrokenCandidate()
          && !scenario.isUnhealthyInBake()) {
        assertEquals(Set.of(), run.quarantinedByFaults(), where + ": quarantined");
      }
    }
  }
}
