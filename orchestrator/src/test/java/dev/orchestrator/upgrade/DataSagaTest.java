package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Plan;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.Hook;
import dev.orchestrator.settings.VolumeImport;
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

/** How data moves from version to version and back, on a host in memory. */
class DataSagaTest {
  private static final VolumeSettings MEDIA =
      new VolumeSettings("media", List.of("binds/media"), Strategy.ATTACH, true);

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private FakeHost host;
  private OrchestratorFixture service;

  @BeforeEach
  void start() {
    host = new FakeHost();
    startWith(OrchestratorFixture.dataSettings(Strategy.AUTO, Quiesce.STOP, Rollback.ASK));
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private void startWith(DataSettings data) {
    if (service != null) {
      service.close();
    }
    host = new FakeHost();
    service = new OrchestratorFixture(host, home.resolve(Integer.toString(data.hashCode())), data);
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.writeRow(service.traffic.reachedContainer());
          }
        };
  }

  private UpgradeRecord recordOf(String id) {
    return service.journal.upgrade(id).orElseThrow();
  }

  private UpgradeRecord runUpgrade(String version) {
    return recordOf(service.control.upgrade(version));
  }

  private void assertDone(String id) {
    assertEquals(Outcome.DONE, recordOf(id).outcome(), recordOf(id).reason());
    Invariants.assertHold(host, service, id);
  }

  private GenerationRecord generation(int number) {
    return service.journal.generations().get(number - 1);
  }

  private List<DataVolume> volumesOf(int number) {
    return generation(number).generation().volumes();
  }

  private void writeThreeRows() {
    for (int i = 0; i < 3; i++) {
      host.writeRow(service.traffic.reachedContainer());
    }
  }

  @Test
  void aCloneAddsALayerUpToThree() {
    assertDone(service.control.up("v1"));
    assertEquals(Method.NEW, volumesOf(1).getFirst().method());
    for (String version : List.of("v2", "v3")) {
      assertDone(service.control.upgrade(version));
    }
    assertEquals(3, volumesOf(3).getFirst().layers().size());
    assertEquals(Method.OVERLAY, volumesOf(3).getFirst().method());
    assertEquals(
        State.SNAPSHOT, generation(1).state(), "of before the upgrade, which costs little");
    assertDone(service.control.upgrade("v2"));
    assertEquals(Method.COPY, volumesOf(4).getFirst().method(), "one again");
    assertDone(service.control.upgrade("v3"));
    assertEquals(2, volumesOf(5).getFirst().layers().size());
    // Invariants have checked that the layers of the removed generation 3 alone are gone.
    assertEquals(State.REMOVED, generation(3).state());
  }

  @Test
  void volumesAreReflinkedWhereTheFileSystemSupportsIt() {
    host.supportsReflinks = true;
    assertDone(service.control.up("v1"));
    assertDone(service.control.upgrade("v2"));
    assertEquals(Method.REFLINK, volumesOf(2).getFirst().method());
    assertFalse(volumesOf(2).getFirst().layered());
  }

  @Test
  void whereClonesCantBeMountedAutoCopies() {
    host.supportsOverlays = false;
    assertDone(service.control.up("v1"));
    assertDone(service.control.upgrade("v2"));
    assertEquals(Method.COPY, volumesOf(2).getFirst().method());
    Plan plan = service.control.plan("v3", DataOptions.NONE);
    assertEquals(500, plan.data().getFirst().lastPassMillis(), "two listings of 100 ms and 300 ms");
    assertEquals(41, plan.data().getFirst().lastPassBytes());
  }

  @Test
  void aRequestedCloneThatIsImpossibleIsRefused() {
    startWith(OrchestratorFixture.dataSettings(Strategy.CLONE, Quiesce.STOP, Rollback.ASK));
    host.supportsOverlays = false;
    assertDone(service.control.up("v1"));
    UpgradeRecord run = runUpgrade("v2");
    assertEquals(Outcome.REFUSED, run.outcome());
    assertTrue(run.reason().contains("a clone can't be mounted on this host"), run.reason());
    Invariants.assertHold(host, service, "refused");
  }

  @Test
  void aVolumeWhoseFilesNeverChangeIsAttached() {
    startWith(
        OrchestratorFixture.dataSettings(Strategy.COPY, Quiesce.STOP, Rollback.RESTORE, MEDIA));
    assertDone(service.control.up("v1"));
    assertDone(service.control.upgrade("v2"));
    assertEquals(volumesOf(1).get(1).volume(), volumesOf(2).get(1).volume());
    assertEquals(Method.ATTACH, volumesOf(2).get(1).method());
    assertDone(service.control.upgrade("v3"));
    assertTrue(
        host.engine.volume(volumesOf(1).get(1).volume()).isPresent(),
        "its first generation is removed, the volume is needed");
    assertDone(service.control.rollback());
    assertEquals("v2", Invariants.servingVersion(service));
  }

  @Test
  void aMutableVolumeIsAttachedOnlyWhereThatIsAllowed() {
    startWith(
        OrchestratorFixture.dataSettings(
            Strategy.COPY,
            Quiesce.STOP,
            Rollback.RESTORE,
            new VolumeSettings("media", List.of("binds/media"), Strategy.ATTACH, false)));
    assertDone(service.control.up("v1"));
    UpgradeRecord refused = runUpgrade("v2");
    assertEquals(Outcome.REFUSED, refused.outcome());
    assertTrue(refused.reason().contains("--allow-attach"), refused.reason());
    assertDone(service.control.upgrade("v2", new DataOptions(null, false, true)));
    assertEquals(Method.ATTACH, volumesOf(2).get(1).method());
  }

  @Test
  void copyPassesRepeatUntilLittleIsLeftOrItShrinksNoMore() {
    startWith(OrchestratorFixture.dataSettings(Strategy.COPY, Quiesce.STOP, Rollback.ASK));
    assertDone(service.control.up("v1"));
    host.nextPassBytes.addAll(List.of(1000L, 500L, 11L));
    String id = service.control.upgrade("v2");
    assertDone(id);
    assertEquals(
        List.of("pre-sync 1", "pre-sync 2", "pre-sync 3", "sync"),
        service.control.receipt(id).copies().stream().map(copy -> copy.name()).toList());
    host.nextPassBytes.addAll(List.of(1000L, 5L, 11L));
    assertEquals(
        2,
        service.control.receipt(service.control.upgrade("v3")).copies().size(),
        "little is left after the first");
    host.nextPassBytes.clear();
    host.nextPassBytes.addAll(List.of(1000L, 1000L, 11L));
    String third = service.control.upgrade("v2");
    assertEquals(4, service.control.receipt(third).copies().size());
    host.nextPassBytes.clear();
    host.nextPassBytes.addAll(List.of(1000L, 100L, 95L, 94L));
    String fourth = service.control.upgrade("v3");
    assertEquals(
        3, service.control.receipt(fourth).copies().size(), "a log that is rewritten all the time");
  }

  @Test
  void changedVolumesInStackConfAreRefused() {
    assertDone(service.control.up("v1"));
    service.close();
    service =
        new OrchestratorFixture(
            host,
            service.home,
            OrchestratorFixture.dataSettings(Strategy.AUTO, Quiesce.STOP, Rollback.ASK, MEDIA));
    service.replayJournal();
    UpgradeRecord run = runUpgrade("v2");
    assertEquals(Outcome.REFUSED, run.outcome());
    assertEquals(
        "data.volumes has changed since v1 was brought up: ./media isn't in the volume media there;"
            + " change it back",
        run.reason());
  }

  @Test
  void aRestoringRollbackLeavesTheNewerDataUnchanged() {
    assertDone(service.control.up("v1"));
    assertDone(service.control.upgrade("v2"));
    List<String> atSwitch = Invariants.readRows(host, service, 1);
    writeThreeRows();
    List<String> newer = Invariants.readRows(host, service, 2);
    String id = service.control.rollback(DataOptions.forRollback(Rollback.RESTORE));
    assertDone(id);
    assertEquals("v1", Invariants.servingVersion(service));
    assertEquals(1, service.journal.serving().orElseThrow().number());
    assertEquals(
        2, volumesOf(1).getFirst().layers().size(), "over its own volume, which is frozen");
    writeThreeRows();
    List<String> kept = Invariants.readRows(host, service, 2);
    assertEquals(newer, kept.subList(0, newer.size()));
    assertEquals(atSwitch, Invariants.readRows(host, service, 1).subList(0, atSwitch.size()));
    assertFalse(Invariants.readRows(host, service, 1).containsAll(newer));
    assertEquals(kept, Invariants.readRows(host, service, 2), "set aside, and left alone");
    assertDone(service.control.upgrade("v2"));
    assertDone(service.control.upgrade("v3"));
  }

  @Test
  void aCarryingRollbackLosesNoRow() {
    for (Strategy strategy : List.of(Strategy.AUTO, Strategy.COPY)) {
      startWith(OrchestratorFixture.dataSettings(strategy, Quiesce.STOP, Rollback.CARRY));
      assertDone(service.control.up("v1"));
      assertDone(service.control.upgrade("v2"));
      writeThreeRows();
      String id = service.control.rollback();
      assertDone(id);
      Generation serving = service.journal.serving().orElseThrow();
      assertEquals("v1", serving.version());
      assertEquals(3, serving.number());
      assertEquals(State.SET_ASIDE, generation(2).state());
      assertTrue(
          host.volumes.readRows(serving.volumes().getFirst()).containsAll(host.acknowledgedRows),
          "" + strategy);
      assertTrue(
          service.control.receipt(id).notes().toString().contains(volumesOf(2).getFirst().volume()),
          "the newer data itself is named");
    }
  }

  @Test
  void aCarryingRollbackFallsBackToTheOldDataWhereTheNewerIsUnreadable() {
    startWith(OrchestratorFixture.dataSettings(Strategy.AUTO, Quiesce.STOP, Rollback.CARRY));
    assertDone(service.control.up("v1"));
    assertDone(service.control.upgrade("v2"));
    writeThreeRows();
    host.v1RejectsDataOfV2 = true;
    String id = service.control.rollback();
    assertEquals(Outcome.ROLLED_BACK, recordOf(id).outcome());
    UpgradeRecord second = service.journal.history().getFirst();
    assertEquals(Outcome.DONE, second.outcome(), second.reason());
    Invariants.assertHold(host, service, "fell back");
    assertEquals("v1", Invariants.servingVersion(service));
    assertEquals(1, service.journal.serving().orElseThrow().number());
  }

  @Test
  void aRollbackWithoutAChoiceForTheNewerDataIsRefused() {
    assertDone(service.control.up("v1"));
    assertDone(service.control.upgrade("v2"));
    RefusedException e = assertThrows(RefusedException.class, () -> service.control.rollback());
    assertTrue(String.valueOf(e.getMessage()).contains("--data carry or --data restore"), "" + e);
    Invariants.assertHold(host, service, "refused");
  }

  private String failInBakeWindow() {
    assertDone(service.control.up("v1"));
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.writeRow(service.traffic.reachedContainer());
          }

          @Override
          public void after(String operation, int number) {
            if (operation.equals("traffic.lead")
                && service.container(2).equals(service.traffic.backend)) {
              writeThreeRows();
              host.unhealthy.add("v2");
            }
          }
        };
    String id = service.control.upgrade("v2");
    assertEquals(Outcome.ROLLED_BACK, recordOf(id).outcome());
    assertEquals("v1", Invariants.servingVersion(service));
    Invariants.assertHold(host, service, "after the bake");
    return service.control.receipt(id).notes().toString();
  }

  @Test
  void afterABadBakeTheOldVersionGoesOnWithTheNewerData() {
    for (Strategy strategy : List.of(Strategy.AUTO, Strategy.COPY)) {
      startWith(OrchestratorFixture.dataSettings(strategy, Quiesce.STOP, Rollback.ASK));
      String notes = failInBakeWindow();
      assertTrue(notes.contains("nothing that was written is lost"), notes);
      assertTrue(
          Invariants.readRows(host, service, 1).containsAll(host.acknowledgedRows), "" + strategy);
      host.unhealthy.clear();
      assertDone(service.control.upgrade("v2"));
      assertDone(service.control.upgrade("v3"));
    }
  }

  @Test
  void afterABadBakeDataThatOnlyTheNewVersionReadsIsSetAside() {
    for (Strategy strategy : List.of(Strategy.AUTO, Strategy.COPY)) {
      startWith(OrchestratorFixture.dataSettings(strategy, Quiesce.STOP, Rollback.ASK));
      host.v1RejectsDataOfV2 = true;
      String notes = failInBakeWindow();
      assertTrue(notes.contains("set aside in volume " + volumesOf(2).getFirst().volume()), notes);
      assertFalse(
          Invariants.readRows(host, service, 1).containsAll(host.acknowledgedRows), "" + strategy);
    }
  }

  @Test
  void frozenConnectionsSurviveAFailedUpgrade() {
    startWith(OrchestratorFixture.dataSettings(Strategy.AUTO, Quiesce.FREEZE, Rollback.ASK));
    assertDone(service.control.up("v1"));
    writeThreeRows();
    host.unhealthy.add(service.container(2));
    assertEquals(Outcome.ROLLED_BACK, runUpgrade("v2").outcome());
    assertEquals(service.container(1), service.traffic.connectedTo, "the same connection");
    Invariants.assertHold(host, service, "failed");
    host.unhealthy.clear();
    assertDone(service.control.upgrade("v3"));
    assertEquals(
        Method.COPY, volumesOf(3).getFirst().method(), "a clone is not for what is frozen");
  }

  private DataSettings settingsWithHooks(Quiesce quiesce, Map<String, Quiesce> services) {
    return settingsWith(
        quiesce,
        services,
        new Hook("db", Hook.When.BEFORE, List.of("flush"), Duration.ofSeconds(1)),
        new Hook("db", Hook.When.AFTER, List.of("resume"), Duration.ofMillis(1)));
  }

  private DataSettings settingsWith(Quiesce quiesce, Map<String, Quiesce> services, Hook... hooks) {
    return new DataSettings(
        Strategy.COPY,
        quiesce,
        services,
        List.of(hooks),
        0,
        false,
        1,
        10,
        false,
        Rollback.ASK,
        List.of(),
        List.of(),
        List.of(),
        List.of());
  }

  @Test
  void hooksRunBeforeInTheOldVersionAndAfterInTheVersionThatGoesOn() {
    startWith(settingsWithHooks(Quiesce.STOP, Map.of()));
    assertDone(service.control.up("v1"));
    assertDone(service.control.upgrade("v2"));
    assertEquals(
        List.of(service.container(1) + ": flush", service.container(2) + ": resume"),
        host.executedCommands);
    host.executedCommands.clear();
    host.unhealthy.add("v3");
    assertEquals(Outcome.ROLLED_BACK, runUpgrade("v3").outcome());
    assertEquals(service.container(2) + ": resume", host.executedCommands.getLast());
  }

  @Test
  void aFailedBeforeHookEndsTheUpgradeAndAFailedAfterHookIsNoted() {
    startWith(settingsWithHooks(Quiesce.STOP, Map.of()));
    assertDone(service.control.up("v1"));
    host.failingCommands.add("resume");
    String id = service.control.upgrade("v2");
    assertDone(id);
    String notes = service.control.receipt(id).notes().toString();
    assertTrue(notes.contains("hook after in service db (resume): resume failed"), notes);
    host.failingCommands.add("flush");
    UpgradeRecord run = runUpgrade("v3");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertEquals("quiesce: hook before in service db (flush): flush failed", run.reason());
    assertEquals(
        "available", service.control.versions().get(2).state(), "no fault of the version's");
    Invariants.assertHold(host, service, "hook failed");
  }

  @Test
  void aFailingAfterHookLeavesTheHealthChecksTheirTime() {
    Hook resume = new Hook("db", Hook.When.AFTER, List.of("resume"), Duration.ofHours(1));
    Hook other = new Hook("db", Hook.When.AFTER, List.of("other"), Duration.ofHours(1));
    DataSettings data = settingsWith(Quiesce.STOP, Map.of(), resume, other);
    service.close();
    service =
        new OrchestratorFixture(
            host, home.resolve("short"), data, Duration.ZERO, List.of(), Duration.ofSeconds(4));
    assertDone(service.control.up("v1"));
    host.failingCommands.add("resume");
    String id = service.control.upgrade("v2");
    assertDone(id);
    String notes = service.control.receipt(id).notes().toString();
    assertTrue(notes.contains("hook after in service db (resume): resume failed"), notes);
    assertEquals(service.container(2) + ": other", host.executedCommands.getLast());
  }

  @Test
  void anAbortEndsAnAfterHookThatFails() {
    startWith(
        settingsWith(
            Quiesce.STOP,
            Map.of(),
            new Hook("db", Hook.When.AFTER, List.of("resume"), Duration.ofHours(1))));
    assertDone(service.control.up("v1"));
    host.failingCommands.add("resume");
    host.commandListener =
        words -> {
          host.commandListener = again -> host.failingCommands.clear();
          service.control.abort();
        };
    assertEquals(Outcome.ROLLED_BACK, runUpgrade("v2").outcome());
    List<String> green =
        host.executedCommands.stream()
            .filter(line -> line.startsWith(service.container(2)))
            .toList();
    assertEquals(List.of(service.container(2) + ": resume"), green);
    Invariants.assertHold(host, service, "aborted");
  }

  @Test
  void namesThatNeitherVersionHasAreRefusedBeforeAnythingChanges() {
    startWith(
        settingsWith(
            Quiesce.FREEZE,
            Map.of("dbb", Quiesce.STOP),
            new Hook("db", Hook.When.BEFORE, List.of("flush"), Duration.ofSeconds(1)),
            new Hook("bd", Hook.When.AFTER, List.of("resume"), Duration.ofHours(1))));
    assertDone(service.control.up("v1"));
    String expected =
        "data.services names \"dbb\", data.hooks[1] names \"bd\": neither v1 nor v2 has such a"
            + " service; there are: db";
    UpgradeRecord run = runUpgrade("v2");
    assertEquals(Outcome.REFUSED, run.outcome());
    assertTrue(run.reason().contains(expected), run.reason());
    RefusedException plan =
        assertThrows(RefusedException.class, () -> service.control.plan("v2", DataOptions.NONE));
    assertTrue(plan.toString().contains(expected), plan.toString());
  }

  @Test
  void aHookOfAServiceThatOneVersionLacksIsNoted() {
    startWith(
        settingsWith(
            Quiesce.STOP,
            Map.of("app", Quiesce.STOP),
            new Hook("app", Hook.When.BEFORE, List.of("flush"), Duration.ofSeconds(1)),
            new Hook("app", Hook.When.AFTER, List.of("resume"), Duration.ofHours(1))));
    host.moreServices.put("v2", List.of("app"));
    assertDone(service.control.up("v1"));
    String id = service.control.upgrade("v2");
    assertDone(id);
    List<String> notes = service.control.receipt(id).notes();
    String why = "not run, as there is no such service in ";
    assertTrue(
        notes.contains("hook before in service app (flush): " + why + service.container(1)),
        notes.toString());
    assertTrue(
        notes.contains("hook after in service app (resume): " + why + service.container(2)),
        notes.toString());
  }

  @Test
  void singleServicesMayBeQuiescedDifferentlyFromTheRest() {
    for (Quiesce quiesce : Quiesce.values()) {
      Quiesce other = quiesce == Quiesce.STOP ? Quiesce.FREEZE : Quiesce.STOP;
      startWith(settingsWithHooks(quiesce, Map.of("db", other)));
      assertDone(service.control.up("v1"));
      host.unhealthy.add("v2");
      assertEquals(Outcome.ROLLED_BACK, runUpgrade("v2").outcome());
      Invariants.assertHold(host, service, "undone, " + quiesce);
      assertDone(service.control.upgrade("v3"));
    }
  }

  @Test
  void aServiceThatWasKilledIsNamedInTheStepAndTheReceipt() {
    assertDone(service.control.up("v1"));
    host.slowToStop.add(service.container(1));
    String id = service.control.upgrade("v2");
    assertDone(id);
    Receipt receipt = service.control.receipt(id);
    String line = "killed, as it did not stop within the grace time (stop_grace_period): db";
    assertTrue(receipt.notes().contains("v1: " + line), receipt.notes().toString());
    assertTrue(
        receipt.steps().stream()
            .anyMatch(step -> step.step().equals("quiesce") && step.detail().endsWith("; " + line)),
        receipt.toString());
  }

  @Test
  void aDatabaseThatWasKilledGoesToNoOtherReleaseSeries() {
    host.databasesByImage.put("orchestrator/shop:v1", Map.of("db", "MariaDB 10.11"));
    host.databasesByImage.put("orchestrator/shop:v2", Map.of("db", "MariaDB 10.11"));
    host.databasesByImage.put("orchestrator/shop:v3", Map.of("db", "MariaDB 11.8"));
    assertDone(service.control.up("v1"));
    host.slowToStop.add(service.container(1));
    assertDone(service.control.upgrade("v2"));
    host.slowToStop.add(service.container(2));
    UpgradeRecord run = runUpgrade("v3");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertTrue(
        run.reason()
            .startsWith(
                "quiesce: service db did not stop within its grace time and was killed: MariaDB"
                    + " 10.11 becomes MariaDB 11.8"),
        run.reason());
    assertEquals(
        "available", service.control.versions().get(2).state(), "no fault of the version's");
    Invariants.assertHold(host, service, "killed");
  }

  @Test
  void dataThatTheNextVersionDoesNotMountNeedsLeave() {
    host.mounts.put("v1", List.of("volumes/db", "binds/media", "volumes/anon-old-x-1"));
    host.mounts.put("v2", List.of("binds/media/music"));
    assertDone(service.control.up("v1"));
    UpgradeRecord refused = runUpgrade("v2");
    assertEquals(Outcome.REFUSED, refused.outcome());
    String line = "v2 does not mount what v1 keeps: anon-old-x-1 (3.0 MB), db (3.0 MB)";
    String advice =
        "mount it in that version, or accept that it goes unused with --accept-unused anon-old-x-1"
            + " --accept-unused db, or with data.accept-unused = [anon-old-x-1, db] in stack.conf";
    assertEquals(line + ": " + advice, refused.reason());
    assertEquals(
        line + ", and the upgrade is refused: " + advice,
        service.control.plan("v2", DataOptions.NONE).warnings().getFirst());

    DataOptions options = new DataOptions(null, false, false, List.of("db", "anon-old-x-1"));
    assertEquals(line + ", as accepted", service.control.plan("v2", options).warnings().getFirst());
    assertDone(service.control.upgrade("v2", options));
  }

  private static DataSettings importing(Strategy strategy) {
    return new DataSettings(
        strategy,
        Quiesce.STOP,
        Map.of(),
        List.of(),
        0,
        false,
        1,
        10,
        false,
        Rollback.ASK,
        List.of(),
        List.of(),
        List.of(new VolumeImport("db", "shop_db"), new VolumeImport("other", "shop_other")),
        List.of());
  }

  @Test
  void aVolumeOfTheHostIsCopiedOnce() {
    for (Strategy strategy : List.of(Strategy.COPY, Strategy.CLONE)) {
      startWith(importing(strategy));
      host.mounts.put("v1", List.of("volumes/db"));
      host.mounts.put("v2", List.of("volumes/db", "volumes/other"));
      host.mounts.put("v3", List.of("volumes/db", "volumes/other"));
      UpgradeRecord refused = recordOf(service.control.up("v1"));
      assertEquals(Outcome.REFUSED, refused.outcome());
      assertEquals(
          "data.import: the host has no volume shop_db for db: 'docker volume ls' lists" + " them",
          refused.reason());

      host.engine.createVolume("shop_db", Map.of());
      host.engine.createVolume("shop_other", Map.of());
      assertDone(service.control.up("v1"));
      String first = volumesOf(1).getFirst().volume() + "/.orchestrator/fresh/volumes/db";
      assertEquals(Map.of(first, "shop_db"), host.imported);
      assertDone(service.control.upgrade("v2"));
      assertDone(service.control.upgrade("v3"));
      String second =
          volumesOf(2).getFirst().volume()
              + (strategy == Strategy.COPY ? "/.orchestrator" : "")
              + "/fresh/volumes/other";
      assertEquals(Map.of(first, "shop_db", second, "shop_other"), host.imported);
    }
  }

  @Test
  void aVolumeOfTheHostThatIsInUseIsNotCopied() {
    startWith(importing(Strategy.COPY));
    host.mounts.put("v1", List.of("volumes/db"));
    host.engine.createVolume("shop_db", Map.of());
    host.engine.createContainer(
        ContainerSpec.helper(
            "old-shop",
            FakeHost.BASE_IMAGE,
            List.of("sleep"),
            Map.of(),
            List.of(Mount.of("shop_db", "/data"))));
    host.engine.startContainer("old-shop");
    assertEquals(
        "data.import: volume shop_db of the host is in use by old-shop, and a copy of"
            + " what changes is not consistent: stop it first",
        recordOf(service.control.up("v1")).reason());
  }
}
