package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.Hook;
import dev.orchestrator.settings.VolumeSettings;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How data goes from version to version, and back, on a host in memory. */
class DataSagaTest {
  private static final VolumeSettings MEDIA =
      new VolumeSettings("media", List.of("binds/media"), Strategy.ATTACH, true);

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private FakeHost host;
  private OrchestratorFixture at;

  @BeforeEach
  void start() {
    host = new FakeHost();
    with(OrchestratorFixture.data(Strategy.AUTO, Quiesce.STOP, Rollback.ASK));
  }

  @AfterEach
  void stop() {
    at.close();
  }

  private void with(DataSettings data) {
    if (at != null) {
      at.close();
    }
    host = new FakeHost();
    at = new OrchestratorFixture(host, home.resolve(Integer.toString(data.hashCode())), data);
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.write(at.traffic.reaches());
          }
        };
  }

  private UpgradeRecord run(String id) {
    return at.journal.upgrade(id).orElseThrow();
  }

  private UpgradeRecord upgrade(String version) {
    return run(at.control.upgrade(version));
  }

  private void done(String id) {
    assertEquals(Outcome.DONE, run(id).outcome(), run(id).reason());
    Invariants.assertWhole(host, at, id);
  }

  private GenerationRecord generation(int number) {
    return at.journal.generations().get(number - 1);
  }

  private List<DataVolume> volumes(int number) {
    return generation(number).generation().volumes();
  }

  private void writes() {
    for (int i = 0; i < 3; i++) {
      host.write(at.traffic.reaches());
    }
  }

  @Test
  void aCloneIsALayerAndThreeAreAtMost() {
    done(at.control.up("v1"));
    assertEquals(Method.NEW, volumes(1).getFirst().method());
    for (String version : List.of("v2", "v3")) {
      done(at.control.upgrade(version));
    }
    assertEquals(3, volumes(3).getFirst().layers().size());
    assertEquals(Method.OVERLAY, volumes(3).getFirst().method());
    assertEquals(State.REMOVED, generation(1).state());
    done(at.control.upgrade("v2"));
    assertEquals(Method.COPY, volumes(4).getFirst().method(), "one again");
    done(at.control.upgrade("v3"));
    assertEquals(2, volumes(5).getFirst().layers().size());
    // What only the removed generation 3 had below it is gone, which Whole has looked at.
    assertEquals(State.REMOVED, generation(3).state());
  }

  @Test
  void filesThatCanShareTheirBlocksDo() {
    host.shares = true;
    done(at.control.up("v1"));
    done(at.control.upgrade("v2"));
    assertEquals(Method.REFLINK, volumes(2).getFirst().method());
    assertFalse(volumes(2).getFirst().layered());
  }

  @Test
  void whereClonesCantBeMountedAutoCopies() {
    host.overlays = false;
    done(at.control.up("v1"));
    done(at.control.upgrade("v2"));
    assertEquals(Method.COPY, volumes(2).getFirst().method());
  }

  @Test
  void aCloneThatIsAskedForAndCantBeIsRefused() {
    with(OrchestratorFixture.data(Strategy.CLONE, Quiesce.STOP, Rollback.ASK));
    host.overlays = false;
    done(at.control.up("v1"));
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.REFUSED, run.outcome());
    assertTrue(run.reason().contains("a clone can't be mounted on this host"), run.reason());
    Invariants.assertWhole(host, at, "refused");
  }

  @Test
  void aVolumeWhoseFilesNeverChangeIsAttached() {
    with(OrchestratorFixture.data(Strategy.COPY, Quiesce.STOP, Rollback.RESTORE, MEDIA));
    done(at.control.up("v1"));
    done(at.control.upgrade("v2"));
    assertEquals(volumes(1).get(1).volume(), volumes(2).get(1).volume());
    assertEquals(Method.ATTACH, volumes(2).get(1).method());
    done(at.control.upgrade("v3"));
    assertTrue(
        host.engine.volume(volumes(1).get(1).volume()).isPresent(),
        "its first generation is removed, the volume is needed");
    done(at.control.rollback());
    assertEquals("v2", Invariants.serves(at));
  }

  @Test
  void anotherVolumeIsAttachedOnlyWhereThatIsAllowed() {
    with(
        OrchestratorFixture.data(
            Strategy.COPY,
            Quiesce.STOP,
            Rollback.RESTORE,
            new VolumeSettings("media", List.of("binds/media"), Strategy.ATTACH, false)));
    done(at.control.up("v1"));
    UpgradeRecord refused = upgrade("v2");
    assertEquals(Outcome.REFUSED, refused.outcome());
    assertTrue(refused.reason().contains("--allow-attach"), refused.reason());
    done(at.control.upgrade("v2", new DataOptions(null, false, true)));
    assertEquals(Method.ATTACH, volumes(2).get(1).method());
  }

  @Test
  void passesGoOnUntilLittleMovesOrNoLess() {
    with(OrchestratorFixture.data(Strategy.COPY, Quiesce.STOP, Rollback.ASK));
    done(at.control.up("v1"));
    host.passes.addAll(List.of(1000L, 500L, 11L));
    String id = at.control.upgrade("v2");
    done(id);
    assertEquals(
        List.of("pre-sync 1", "pre-sync 2", "pre-sync 3", "sync"),
        at.control.receipt(id).copies().stream().map(copy -> copy.name()).toList());
    host.passes.addAll(List.of(1000L, 5L, 11L));
    assertEquals(3, at.control.receipt(at.control.upgrade("v3")).copies().size());
    host.passes.clear();
    host.passes.addAll(List.of(1000L, 1000L, 11L));
    String third = at.control.upgrade("v2");
    assertEquals(4, at.control.receipt(third).copies().size(), "the second is the first delta");
  }

  @Test
  void theVolumesAsStackConfHasThemMustStay() {
    done(at.control.up("v1"));
    at.close();
    at =
        new OrchestratorFixture(
            host,
            at.home,
            OrchestratorFixture.data(Strategy.AUTO, Quiesce.STOP, Rollback.ASK, MEDIA));
    at.boot();
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.REFUSED, run.outcome());
    assertEquals(
        "data.volumes has changed since v1 was brought up: ./media isn't in the volume media there;"
            + " change it back",
        run.reason());
  }

  @Test
  void goingBackToDataAsOfTheSwitchLeavesTheNewerAsItIs() {
    done(at.control.up("v1"));
    done(at.control.upgrade("v2"));
    List<String> atSwitch = Invariants.rows(host, at, 1);
    writes();
    List<String> newer = Invariants.rows(host, at, 2);
    String id = at.control.rollback(DataOptions.of(Rollback.RESTORE));
    done(id);
    assertEquals("v1", Invariants.serves(at));
    assertEquals(1, at.journal.serving().orElseThrow().number());
    assertEquals(2, volumes(1).getFirst().layers().size(), "over its own volume, which is frozen");
    writes();
    List<String> kept = Invariants.rows(host, at, 2);
    assertEquals(newer, kept.subList(0, newer.size()));
    assertEquals(atSwitch, Invariants.rows(host, at, 1).subList(0, atSwitch.size()));
    assertFalse(Invariants.rows(host, at, 1).containsAll(newer));
    assertEquals(kept, Invariants.rows(host, at, 2), "set aside, and left alone");
    done(at.control.upgrade("v2"));
    done(at.control.upgrade("v3"));
  }

  @Test
  void goingBackWithTheNewerDataLosesNothing() {
    for (Strategy strategy : List.of(Strategy.AUTO, Strategy.COPY)) {
      with(OrchestratorFixture.data(strategy, Quiesce.STOP, Rollback.CARRY));
      done(at.control.up("v1"));
      done(at.control.upgrade("v2"));
      writes();
      String id = at.control.rollback();
      done(id);
      Generation serving = at.journal.serving().orElseThrow();
      assertEquals("v1", serving.version());
      assertEquals(3, serving.number());
      assertEquals(State.SET_ASIDE, generation(2).state());
      assertTrue(
          host.data.seen(serving.volumes().getFirst()).containsAll(host.acknowledged),
          "" + strategy);
      assertTrue(
          at.control.receipt(id).notes().toString().contains(volumes(2).getFirst().volume()),
          "the newer data itself is named");
    }
  }

  @Test
  void anOldVersionThatCantReadTheNewerDataGetsItsOwn() {
    with(OrchestratorFixture.data(Strategy.AUTO, Quiesce.STOP, Rollback.CARRY));
    done(at.control.up("v1"));
    done(at.control.upgrade("v2"));
    writes();
    host.oneWay = true;
    String id = at.control.rollback();
    assertEquals(Outcome.ROLLED_BACK, run(id).outcome());
    UpgradeRecord second = at.journal.history().getFirst();
    assertEquals(Outcome.DONE, second.outcome(), second.reason());
    Invariants.assertWhole(host, at, "fell back");
    assertEquals("v1", Invariants.serves(at));
    assertEquals(1, at.journal.serving().orElseThrow().number());
  }

  @Test
  void withoutAWordOnTheNewerDataARollbackIsRefused() {
    done(at.control.up("v1"));
    done(at.control.upgrade("v2"));
    RefusedException e = assertThrows(RefusedException.class, () -> at.control.rollback());
    assertTrue(String.valueOf(e.getMessage()).contains("--data carry or --data restore"), "" + e);
    Invariants.assertWhole(host, at, "refused");
  }

  private String unhealthyInTheBakeWindow() {
    done(at.control.up("v1"));
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.write(at.traffic.reaches());
          }

          @Override
          public void after(String operation, int number) {
            if (operation.equals("traffic.lead") && at.container(2).equals(at.traffic.leadsTo)) {
              writes();
              host.neverHealthy.add("v2");
            }
          }
        };
    String id = at.control.upgrade("v2");
    assertEquals(Outcome.ROLLED_BACK, run(id).outcome());
    assertEquals("v1", Invariants.serves(at));
    Invariants.assertWhole(host, at, "after the bake");
    return at.control.receipt(id).notes().toString();
  }

  @Test
  void afterABadBakeTheOldVersionGoesOnWithWhatWasWritten() {
    for (Strategy strategy : List.of(Strategy.AUTO, Strategy.COPY)) {
      with(OrchestratorFixture.data(strategy, Quiesce.STOP, Rollback.ASK));
      String notes = unhealthyInTheBakeWindow();
      assertTrue(notes.contains("nothing that was written is lost"), notes);
      assertTrue(Invariants.rows(host, at, 1).containsAll(host.acknowledged), "" + strategy);
      host.neverHealthy.clear();
      done(at.control.upgrade("v2"));
      done(at.control.upgrade("v3"));
    }
  }

  @Test
  void afterABadBakeWithDataThatOnlyTheNewVersionReadsItIsSetAside() {
    for (Strategy strategy : List.of(Strategy.AUTO, Strategy.COPY)) {
      with(OrchestratorFixture.data(strategy, Quiesce.STOP, Rollback.ASK));
      host.oneWay = true;
      String notes = unhealthyInTheBakeWindow();
      assertTrue(notes.contains("set aside in volume " + volumes(2).getFirst().volume()), notes);
      assertFalse(Invariants.rows(host, at, 1).containsAll(host.acknowledged), "" + strategy);
    }
  }

  @Test
  void frozenConnectionsSurviveAFailedUpgrade() {
    with(OrchestratorFixture.data(Strategy.AUTO, Quiesce.FREEZE, Rollback.ASK));
    done(at.control.up("v1"));
    writes();
    host.neverHealthy.add(at.container(2));
    assertEquals(Outcome.ROLLED_BACK, upgrade("v2").outcome());
    assertEquals(at.container(1), at.traffic.connected, "the same connection");
    Invariants.assertWhole(host, at, "failed");
    host.neverHealthy.clear();
    done(at.control.upgrade("v3"));
    assertEquals(Method.COPY, volumes(3).getFirst().method(), "a clone is not for what is frozen");
  }

  private DataSettings hooked(Quiesce quiesce, Map<String, Quiesce> services) {
    return new DataSettings(
        Strategy.COPY,
        quiesce,
        services,
        List.of(
            new Hook("db", Hook.When.BEFORE, List.of("flush"), Duration.ofSeconds(1)),
            new Hook("db", Hook.When.AFTER, List.of("resume"), Duration.ofMillis(1))),
        0,
        false,
        1,
        10,
        false,
        Rollback.ASK,
        List.of(),
        List.of());
  }

  @Test
  void hooksRunBeforeInTheOldAndAfterInWhicheverGoesOn() {
    with(hooked(Quiesce.STOP, Map.of()));
    done(at.control.up("v1"));
    done(at.control.upgrade("v2"));
    assertEquals(List.of(at.container(1) + ": flush", at.container(2) + ": resume"), host.commands);
    host.commands.clear();
    host.neverHealthy.add("v3");
    assertEquals(Outcome.ROLLED_BACK, upgrade("v3").outcome());
    assertEquals(at.container(2) + ": resume", host.commands.getLast());
  }

  @Test
  void aHookThatFailsBeforeEndsTheUpgradeOneAfterIsNoted() {
    with(hooked(Quiesce.STOP, Map.of()));
    done(at.control.up("v1"));
    host.failing.add("resume");
    String id = at.control.upgrade("v2");
    done(id);
    String notes = at.control.receipt(id).notes().toString();
    assertTrue(notes.contains("hook after in service db (resume): resume failed"), notes);
    host.failing.add("flush");
    UpgradeRecord run = upgrade("v3");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertEquals("quiesce: hook before in service db (flush): flush failed", run.reason());
    assertEquals("available", at.control.versions().get(2).state(), "no fault of the version's");
    Invariants.assertWhole(host, at, "hook failed");
  }

  @Test
  void aServiceMayBeFrozenWhereTheRestStopsAndTheOtherWayRound() {
    for (Quiesce quiesce : Quiesce.values()) {
      Quiesce other = quiesce == Quiesce.STOP ? Quiesce.FREEZE : Quiesce.STOP;
      with(hooked(quiesce, Map.of("db", other)));
      done(at.control.up("v1"));
      host.neverHealthy.add("v2");
      assertEquals(Outcome.ROLLED_BACK, upgrade("v2").outcome());
      Invariants.assertWhole(host, at, "undone, " + quiesce);
      done(at.control.upgrade("v3"));
    }
  }
}
