package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.InMemoryFolder;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.VolumeSettings;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A fault at every operation, for each way in which data goes from version to version. */
class DataFaultsTest {
  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private World world = new World();
  private boolean struck;

  /** What is struck: a way for the data to go, and a run. */
  enum Case {
    CLONED_UPGRADE(Strategy.CLONE, Quiesce.STOP, "upgrade"),
    CLONED_FAILING(Strategy.CLONE, Quiesce.STOP, "failing"),
    CLONED_BAD_BAKE(Strategy.CLONE, Quiesce.STOP, "bake"),
    CLONED_BAD_BAKE_ONE_WAY(Strategy.CLONE, Quiesce.STOP, "one-way bake"),
    CLONED_RESTORE(Strategy.CLONE, Quiesce.STOP, "restore"),
    CLONED_CARRY(Strategy.CLONE, Quiesce.STOP, "carry"),
    COPIED_BAD_BAKE(Strategy.COPY, Quiesce.STOP, "bake"),
    COPIED_CARRY(Strategy.COPY, Quiesce.STOP, "carry"),
    FROZEN_UPGRADE(Strategy.AUTO, Quiesce.FREEZE, "upgrade"),
    FROZEN_FAILING(Strategy.AUTO, Quiesce.FREEZE, "failing"),
    FROZEN_BAD_BAKE(Strategy.AUTO, Quiesce.FREEZE, "bake"),
    FROZEN_RESTORE(Strategy.AUTO, Quiesce.FREEZE, "restore");

    private final Strategy strategy;
    private final Quiesce quiesce;
    private final String run;

    Case(Strategy strategy, Quiesce quiesce, String run) {
      this.strategy = strategy;
      this.quiesce = quiesce;
      this.run = run;
    }

    DataSettings data() {
      return Orchestration.data(
          strategy,
          quiesce,
          Rollback.ASK,
          new VolumeSettings("media", List.of("binds/media"), Strategy.ATTACH, true));
    }

    boolean back() {
      return run.equals("restore") || run.equals("carry");
    }
  }

  private interface Strike {
    void at(String operation, int number);
  }

  private void clientsWrite(Orchestration at, Case what, Strike strike) {
    world.faults =
        new World.Faults() {
          @Override
          public void before(String operation, int number) {
            world.write(at.traffic.reaches());
            strike.at(operation, number);
          }

          @Override
          public void after(String operation, int number) {
            if (what.run.endsWith("bake")
                && operation.equals("traffic.lead")
                && at.container(2).equals(at.traffic.leadsTo)) {
              world.write(at.traffic.reaches());
              world.neverHealthy.add("v2");
            }
          }
        };
  }

  private Orchestration before(Case what, int number) {
    world = new World();
    struck = false;
    Orchestration at = new Orchestration(world, home.resolve(what + "-" + number), what.data());
    clientsWrite(at, what, (operation, n) -> {});
    at.control.up("v1");
    if (what.back()) {
      at.control.upgrade("v2");
    }
    switch (what.run) {
      case "failing" -> world.neverHealthy.add(at.container(2));
      case "one-way bake" -> world.oneWay = true;
      default -> {}
    }
    world.operations = 0;
    return at;
  }

  private static String begin(Orchestration at, Case what) {
    return switch (what.run) {
      case "restore" -> at.control.rollback(DataOptions.of(Rollback.RESTORE));
      case "carry" -> at.control.rollback(DataOptions.of(Rollback.CARRY));
      default -> at.control.upgrade("v2");
    };
  }

  @ParameterizedTest
  @EnumSource(Case.class)
  void anErrorInAnyOperationEndsWithOneVersionServing(Case what) {
    int failing = 0;
    do {
      int number = ++failing;
      try (Orchestration at = before(what, number)) {
        clientsWrite(
            at,
            what,
            (operation, n) -> {
              if (n == number) {
                struck = true;
                throw new EngineException(EngineException.Kind.REFUSED, operation + " failed");
              }
            });
        String id = begin(at, what);
        Outcome outcome = at.journal.upgrade(id).orElseThrow().outcome();
        String where = what + " with an error in operation " + number;
        assertTrue(outcome != Outcome.RUNNING && outcome != Outcome.NEEDS_ATTENTION, where);
        Wholeness.check(world, at, where);
      }
    } while (struck);
    assertTrue(failing > 6, what + " has but " + failing + " operations");
  }

  @ParameterizedTest
  @EnumSource(Case.class)
  void killedBeforeAnyOperationTheNextStartEndsIt(Case what) {
    int striking = 0;
    do {
      int number = ++striking;
      Orchestration at = before(what, 1000 + number);
      String where = what + " killed before operation " + number;
      clientsWrite(
          at,
          what,
          (operation, n) -> {
            if (n == number) {
              struck = true;
              throw new World.Killed(operation);
            }
          });
      try {
        begin(at, what);
      } catch (World.Killed killed) {
        where += " (" + killed.getMessage() + ")";
      }
      at.close();
      try (Orchestration next = new Orchestration(world, at.home, what.data())) {
        clientsWrite(next, what, (operation, n) -> {});
        next.boot();
        assertTrue(next.journal.running().isEmpty(), where + ": it ended");
        assertEquals(
            List.of(),
            next.journal.history().stream()
                .filter(run -> run.outcome() == Outcome.NEEDS_ATTENTION)
                .toList(),
            where);
        Wholeness.check(world, next, where);
      }
    } while (struck);
  }
}
