package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.DatabaseCheck;
import dev.orchestrator.capsule.DatabaseCheck.Result;
import dev.orchestrator.capsule.DatabaseTable;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.Occupied;
import dev.orchestrator.data.SqliteTables;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.SnapshotRecord.Proof;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.SnapshotDiff;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.VolumeSettings;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots of a stack on a host in memory, whose clients write before each operation. */
class SnapshotTest {
  private static final VolumeSettings MEDIA =
      new VolumeSettings("media", List.of("binds/media"), Strategy.ATTACH, true);

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private int homes;
  private FakeHost host;
  private OrchestratorFixture service;

  @BeforeEach
  void start() {
    startWith(
        OrchestratorFixture.dataSettings(Strategy.COPY, Quiesce.STOP, Rollback.RESTORE, MEDIA));
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
    service = new OrchestratorFixture(host, home.resolve(Integer.toString(++homes)), data);
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.writeRow(service.traffic.reachedContainer());
          }
        };
    assertDone(service.control.up("v1"));
  }

  private UpgradeRecord recordOf(String id) {
    return service.journal.upgrade(id).orElseThrow();
  }

  private void assertDone(String id) {
    assertEquals(Outcome.DONE, recordOf(id).outcome(), recordOf(id).reason());
    Invariants.assertHold(host, service, id);
  }

  private String create(String name) {
    return service.control.createSnapshot(SnapshotRequest.manual(name, null));
  }

  private List<String> names() {
    return service.control.snapshots().stream().map(SnapshotStatus::name).toList();
  }

  private List<String> rowsOf(String snapshot) {
    int generation = service.journal.snapshot(snapshot).orElseThrow().generation();
    return Invariants.readRows(host, service, generation);
  }

  private List<String> rowsServed() {
    return Invariants.readRows(host, service, service.journal.serving().orElseThrow().number());
  }

  private String refusal(Runnable request) {
    RefusedException refused = assertThrows(RefusedException.class, request::run);
    Invariants.assertHold(host, service, "refused");
    return String.valueOf(refused.getMessage());
  }

  private String notes(String run) {
    return service.control.receipt(run).notes().toString();
  }

  @Test
  void aSnapshotHasEveryRowOfBeforeItAndNoneOfAfter() {
    host.writeRow(service.traffic.reachedContainer());
    List<String> before = List.copyOf(host.acknowledgedRows);
    String id = create("lunch");
    assertDone(id);
    List<String> kept = rowsOf("lunch");
    assertTrue(kept.containsAll(before));
    host.writeRow(service.traffic.reachedContainer());
    assertEquals(kept, rowsOf("lunch"));
    assertTrue(rowsServed().containsAll(host.acknowledgedRows));
    assertEquals(1, service.journal.serving().orElseThrow().number(), "the same capsule serves");

    SnapshotStatus lunch = service.control.snapshot("lunch");
    assertEquals("v1", lunch.version());
    assertEquals("manual", lunch.reason());
    assertEquals(
        List.of("copy", "attach"),
        lunch.volumes().stream().map(SnapshotStatus.Volume::method).toList());
    assertEquals(
        service.journal.serving().orElseThrow().volumes().get(1).volume(),
        lunch.volumes().get(1).volume(),
        "files that never change are shared");
    assertTrue(notes(id).contains("snapshot lunch of v1"), notes(id));
    assertTrue(notes(id).contains("clients waited"), notes(id));
  }

  @Test
  void servicesAreFrozenForIt() {
    List<String> operations = new ArrayList<>();
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            operations.add(operation);
          }
        };
    assertDone(create("lunch"));
    assertTrue(operations.contains("engine.pauseContainer"), operations.toString());
    assertFalse(operations.contains("capsule.stop"), operations.toString());
  }

  @Test
  void servicesAreStoppedForItWhereThatIsAskedFor() {
    List<String> operations = new ArrayList<>();
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            operations.add(operation);
          }
        };
    assertDone(service.control.createSnapshot(SnapshotRequest.manual("lunch", Quiesce.STOP)));
    assertTrue(operations.contains("capsule.stop"), operations.toString());
    assertFalse(operations.contains("engine.pauseContainer"), operations.toString());
  }

  private SnapshotStatus measured(String name) {
    return service.control.measuredSnapshots().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void whatIsSharedIsThatOfNow() {
    host.supportsReflinks = true;
    startWith(OrchestratorFixture.dataSettings(Strategy.COPY, Quiesce.STOP, Rollback.RESTORE));
    host.supportsReflinks = true;
    host.usedBytes = 5_000;
    assertDone(create("lunch"));
    assertDone(create("dinner"));
    assertEquals(5_000, service.control.snapshot("lunch").shared());
    host.occupied.put(dataOf("lunch"), new Occupied(5_000, 4_000));
    host.occupied.put(dataOf("dinner"), new Occupied(5_000, 4_500));

    assertEquals(4_000, measured("lunch").shared());
    assertEquals(4_500, measured("dinner").shared());
    assertTrue(measured("lunch").sizesAt().isAfter(measured("lunch").created()));
    service.control.deleteSnapshot("dinner");
    host.occupied.put(dataOf("lunch"), new Occupied(5_000, 3_000));
    assertEquals(3_000, measured("lunch").shared(), "what the other had too is its own now");
  }

  @Test
  void aListIsAnsweredWhileSnapshotsAreDeleted() throws Exception {
    AtomicBoolean isDone = new AtomicBoolean();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> lists =
          executor.submit(() -> {
            int answered = 0;
            while (!isDone.get()) {
              service.control.measuredSnapshots();
              answered++;
            }
            return answered;
          });
      try {
        for (int i = 0; i < 40; i++) {
          assertDone(create("lunch"));
          deleteOnceItIsNotRead("lunch");
        }
      } finally {
        isDone.set(true);
      }
      assertTrue(lists.get(20, TimeUnit.SECONDS) > 0);
    }
  }

  private void deleteOnceItIsNotRead(String name) {
    for (int tries = 0; tries < 100_000; tries++) {
      try {
        service.control.deleteSnapshot(name);
        return;
      } catch (NotYetException e) {
        Thread.onSpinWait();
      }
    }
    throw new AssertionError(name + " is read without an end");
  }

  @Test
  void sizesThatCanNotBeFoundOutNowAreThoseOfTheLastTime() {
    host.supportsReflinks = true;
    startWith(OrchestratorFixture.dataSettings(Strategy.COPY, Quiesce.STOP, Rollback.RESTORE));
    host.supportsReflinks = true;
    host.usedBytes = 5_000;
    assertDone(create("lunch"));
    host.occupiedFails = true;
    SnapshotStatus lunch = measured("lunch");
    assertEquals(5_000, lunch.shared());
    assertEquals(lunch.created(), lunch.sizesAt());
  }

  /** The data that an upgrade began with is the layer below the new version's. */
  @Test
  void whatIsALayerBelowAnotherIsShared() {
    startWith(OrchestratorFixture.dataSettings(Strategy.CLONE, Quiesce.STOP, Rollback.RESTORE));
    host.usedBytes = 5_000;
    assertDone(service.control.upgrade("v2"));
    String before = names().getFirst();
    assertEquals(measured(before).bytes(), measured(before).shared());
    assertDone(create("lunch"));
    assertEquals(0, measured("lunch").shared(), "a copy");
  }

  @Test
  void filesShareTheirBlocksWhereTheFileSystemCan() {
    host.supportsReflinks = true;
    assertDone(create("lunch"));
    SnapshotStatus lunch = service.control.snapshot("lunch");
    assertEquals("reflink", lunch.volumes().getFirst().method());
    assertEquals(lunch.bytes(), lunch.shared());
  }

  @Test
  void itIsNeverALayerOverWhatServes() {
    startWith(OrchestratorFixture.dataSettings(Strategy.CLONE, Quiesce.STOP, Rollback.RESTORE));
    assertDone(service.control.upgrade("v2"));
    assertEquals(
        Method.OVERLAY, service.journal.serving().orElseThrow().volumes().getFirst().method());
    assertDone(create("lunch"));
    assertEquals("copy", service.control.snapshot("lunch").volumes().getFirst().method());
    assertTrue(host.acknowledgedRows.containsAll(rowsOf("lunch")));
  }

  @Test
  void anAttachedVolumeWhoseFilesChangeIsLeftOutWhichIsTold() {
    startWith(
        OrchestratorFixture.dataSettings(
            Strategy.COPY,
            Quiesce.STOP,
            Rollback.RESTORE,
            new VolumeSettings("scratch", List.of("binds/scratch"), Strategy.ATTACH, false)));
    String id = create("lunch");
    assertDone(id);
    assertEquals(1, service.control.snapshot("lunch").volumes().size());
    assertTrue(notes(id).contains("not in the snapshot"), notes(id));
    assertTrue(notes(id).contains("scratch"), notes(id));
  }

  @Test
  void aSnapshotOfNothingIsRefused() {
    startWith(OrchestratorFixture.dataSettings(Strategy.ATTACH, Quiesce.STOP, Rollback.RESTORE));
    String id = create("lunch");
    assertEquals(Outcome.REFUSED, recordOf(id).outcome());
    assertTrue(
        recordOf(id).reason().contains("nothing to make a snapshot of"), recordOf(id).reason());
    Invariants.assertHold(host, service, id);
  }

  @Test
  void withoutANameItGetsTheVersionAndTheTime() {
    assertDone(service.control.createSnapshot(SnapshotRequest.manual(null, null)));
    assertDone(service.control.createSnapshot(SnapshotRequest.manual(null, null)));
    assertEquals(2, names().size());
    names().forEach(name -> assertTrue(name.matches("v1-\\d{4}-\\d\\d-\\d\\d-\\d{4}(-2)?"), name));
  }

  @Test
  void wrongRequestsAreRefusedInOneLine() {
    assertDone(create("lunch"));
    assertEquals(
        "there is a snapshot lunch already: choose another name, or 'orchestrator snapshot delete"
            + " lunch' first",
        refusal(() -> create("lunch")));
    assertTrue(refusal(() -> create("../x")).contains("can't be the name of a snapshot"));
    assertEquals(
        "there is no snapshot dinner: 'orchestrator snapshot list' lists them",
        refusal(() -> service.control.snapshot("dinner")));
    for (Runnable request :
        List.<Runnable>of(
            () -> service.control.restoreSnapshot("dinner"),
            () -> service.control.deleteSnapshot("dinner"))) {
      assertTrue(refusal(request).startsWith("there is no snapshot dinner"));
    }
  }

  @Test
  void whatDoesNotServeHasNoSnapshot() {
    service.control.down(Control.Removal.NOTHING);
    RefusedException refused = assertThrows(RefusedException.class, () -> create("lunch"));
    assertEquals("the stack is down: 'orchestrator up' first, then snapshot", refused.getMessage());
  }

  @Test
  void anUnhealthyVersionHasNoSnapshot() {
    host.unhealthy.add("v1");
    String id = create("lunch");
    assertEquals(Outcome.REFUSED, recordOf(id).outcome());
    assertTrue(
        recordOf(id).reason().endsWith("mend it, then make a snapshot"), recordOf(id).reason());
    assertEquals(List.of(), names());
  }

  @Test
  void withoutSpaceNothingIsMade() {
    host.usedBytes = 2_000_000_000_000L;
    String id = create("lunch");
    assertEquals(Outcome.REFUSED, recordOf(id).outcome());
    assertTrue(recordOf(id).reason().contains("not enough space"), recordOf(id).reason());
    assertEquals(List.of(), names());
    Invariants.assertHold(host, service, id);
  }

  @Test
  void aVersionThatIsNotHealthyAfterItsStopNeedsAttention() {
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void after(String operation, int number) {
            if (operation.equals("capsule.stop")) {
              host.unhealthy.add("v1");
            }
          }
        };
    String id = service.control.createSnapshot(SnapshotRequest.manual("lunch", Quiesce.STOP));
    assertEquals(Outcome.NEEDS_ATTENTION, recordOf(id).outcome());
    assertEquals(service.container(1), service.traffic.reachedContainer(), "it serves");
    assertEquals(List.of(), names());
    assertEquals(List.of(), service.journal.quarantines());
  }

  @Test
  void deletingASnapshotFreesItsSpaceAndTouchesNoOther() {
    assertDone(create("first"));
    assertDone(create("second"));
    assertDone(create("third"));
    List<String> third = rowsOf("third");
    assertEquals("second deleted", service.control.deleteSnapshot("second"));
    assertEquals(List.of("third", "first"), names());
    assertEquals(third, rowsOf("third"));
    Invariants.assertHold(host, service, "deleted");
  }

  @Test
  void aRestoreBringsVersionAndDataBackAndKeepsWhatIsNewer() {
    assertDone(create("lunch"));
    List<String> lunch = rowsOf("lunch");
    assertDone(service.control.upgrade("v2"));
    host.writeRow(service.traffic.reachedContainer());
    List<String> newer = rowsServed();

    String id = service.control.restoreSnapshot("lunch");
    assertDone(id);
    assertEquals("v1", Invariants.servingVersion(service));
    assertEquals(lunch, rowsServed().subList(0, lunch.size()));
    assertFalse(rowsServed().containsAll(newer));
    assertEquals(lunch, rowsOf("lunch"), "it stays as it was");

    String kept =
        names().stream()
            .filter(name -> name.startsWith("before-restore-v2-"))
            .findFirst()
            .orElseThrow();
    assertTrue(notes(id).contains("'orchestrator snapshot restore " + kept + "'"), notes(id));
    assertDone(service.control.restoreSnapshot(kept));
    assertEquals("v2", Invariants.servingVersion(service));
    assertTrue(rowsServed().containsAll(newer));
    assertEquals(List.of(), service.journal.quarantines());
  }

  @Test
  void aRestoredVersionThatIsNotHealthyIsRolledBack() {
    assertDone(create("lunch"));
    host.unhealthy.add(service.container(3));
    String id = service.control.restoreSnapshot("lunch");
    assertEquals(Outcome.ROLLED_BACK, recordOf(id).outcome());
    Invariants.assertHold(host, service, id);
    assertEquals(1, service.journal.serving().orElseThrow().number());
    assertTrue(rowsServed().containsAll(host.acknowledgedRows));
    assertEquals(List.of("lunch"), names());
    assertEquals(List.of(), service.journal.quarantines(), "what served was good");
    assertEquals(id, service.journal.history().getFirst().id(), "no other run follows");
  }

  @Test
  void aSnapshotWhoseVolumeOrImageIsGoneIsNotRestored() {
    assertDone(create("lunch"));
    String volume = service.control.snapshot("lunch").volumes().getFirst().volume();
    host.engine.removeVolume(volume);
    String id = service.control.restoreSnapshot("lunch");
    assertEquals(Outcome.REFUSED, recordOf(id).outcome());
    assertEquals(
        "the data of snapshot lunch is gone: there is no volume " + volume, recordOf(id).reason());
    assertTrue(host.engine.volume(volume).isEmpty(), "nor is an empty volume made in its place");
  }

  @Test
  void whatARollbackSetsAsideIsASnapshotWithAName() {
    assertDone(service.control.upgrade("v2"));
    host.writeRow(service.traffic.reachedContainer());
    List<String> newer = rowsServed();
    String id = service.control.rollback();
    assertDone(id);
    String kept = names().getFirst();
    assertTrue(kept.startsWith("set-aside-v2-"), kept);
    assertTrue(notes(id).contains("it is snapshot " + kept), notes(id));

    // Two runs later it was gone.
    assertDone(service.control.upgrade("v3"));
    assertDone(service.control.rollback());
    assertDone(service.control.upgrade("v3"));
    assertEquals(newer, rowsOf(kept).subList(0, newer.size()));
    assertDone(service.control.restoreSnapshot(kept));
    assertEquals("v2", Invariants.servingVersion(service));
    assertTrue(rowsServed().containsAll(newer));
  }

  @Test
  void theOldestThatWereSetAsideGoAndThatIsTold() {
    String first = "";
    String last = "";
    for (int i = 0; i < 4; i++) {
      assertEquals(Outcome.DONE, recordOf(service.control.upgrade("v2")).outcome());
      last = service.control.rollback();
      assertEquals(Outcome.DONE, recordOf(last).outcome());
      first = first.isEmpty() ? names().getFirst() : first;
    }
    assertEquals(3, names().size());
    assertFalse(names().contains(first));
    assertTrue(
        notes(last).contains("snapshot " + first + " deleted, as the settings"), notes(last));
  }

  @Test
  void whatAFailedBakeSetsAsideIsASnapshotToo() {
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void after(String operation, int number) {
            if (operation.equals("traffic.lead")
                && service.container(2).equals(service.traffic.backend)) {
              host.writeRow(service.traffic.reachedContainer());
              host.unhealthy.add("v2");
            }
          }
        };
    String id = service.control.upgrade("v2");
    assertEquals(Outcome.ROLLED_BACK, recordOf(id).outcome());
    assertTrue(names().getFirst().startsWith("set-aside-v2-"), names().toString());
    assertTrue(notes(id).contains(names().getFirst()), notes(id));
  }

  @Test
  void whatSomethingIsALayerOverIsNotDeleted() {
    startWith(OrchestratorFixture.dataSettings(Strategy.CLONE, Quiesce.STOP, Rollback.CARRY));
    assertDone(service.control.upgrade("v2"));
    assertDone(service.control.rollback());
    String aside =
        names().stream().filter(name -> name.startsWith("set-aside-v2")).findFirst().orElseThrow();
    String refusal = refusal(() -> service.control.deleteSnapshot(aside));
    assertEquals(
        "snapshot %s can't be deleted yet: the data of v1 (generation 3) is a layer over it"
            .formatted(aside),
        refusal);
    assertTrue(names().contains(aside));
  }

  @Test
  void whatAnUpgradeBeganWithStaysWhereThatCostsLittle() {
    startWith(OrchestratorFixture.dataSettings(Strategy.AUTO, Quiesce.STOP, Rollback.RESTORE));
    host.supportsReflinks = true;
    assertDone(service.control.upgrade("v2"));
    String before = names().getFirst();
    assertTrue(before.startsWith("before-upgrade-v1-"), before);
    List<String> rows = rowsOf(before);
    assertDone(service.control.upgrade("v3"));
    assertEquals(State.SNAPSHOT, service.journal.generations().getFirst().state());
    assertEquals(rows, rowsOf(before));
    assertDone(service.control.restoreSnapshot(before));
    assertEquals("v1", Invariants.servingVersion(service));
  }

  @Test
  void whatTheNewVersionTookOverIsNoSnapshotOfTheOld() {
    startWith(
        new DataSettings(
            Strategy.AUTO,
            Quiesce.STOP,
            Map.of(),
            List.of(),
            0,
            false,
            3,
            10,
            true,
            Rollback.RESTORE,
            List.of(),
            List.of(),
            List.of(),
            List.of(
                new VolumeSettings("scratch", List.of("binds/scratch"), Strategy.ATTACH, false))));
    host.supportsReflinks = true;
    assertDone(service.control.upgrade("v2"));
    assertEquals(List.of(), names());

    assertDone(create("lunch"));
    String scratch = service.journal.serving().orElseThrow().volumes().get(1).volume();
    assertDone(service.control.restoreSnapshot("lunch"));
    assertEquals(
        scratch,
        service.journal.serving().orElseThrow().volumes().get(1).volume(),
        "what the snapshot left out goes along as it is");
  }

  @Test
  void whatIsCopiedAtAnUpgradeDoesNotStayByItself() {
    assertDone(service.control.upgrade("v2"));
    assertEquals(List.of(), names());
  }

  /** The rollback runs the version on the snapshot's own volume. */
  @Test
  void aRollbackToASnapshotsDataTakesItsName() {
    startWith(OrchestratorFixture.dataSettings(Strategy.AUTO, Quiesce.STOP, Rollback.RESTORE));
    host.supportsReflinks = true;
    assertDone(service.control.upgrade("v2"));
    String before = names().getFirst();
    String id = service.control.rollback();
    assertDone(id);
    assertFalse(names().contains(before));
    assertTrue(notes(id).contains(before + ", which is no snapshot any more"), notes(id));
  }

  @Test
  void noSnapshotIsDeletedWhileARunMayNeedIt() {
    assertDone(create("lunch"));
    List<String> refusals = new ArrayList<>();
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            if (operation.equals("copier.live")) {
              RefusedException refused =
                  assertThrows(
                      RefusedException.class, () -> service.control.deleteSnapshot("lunch"));
              refusals.add(String.valueOf(refused.getMessage()));
            }
          }
        };
    assertDone(service.control.restoreSnapshot("lunch"));
    assertEquals(
        List.of(
            "u3 is under way, and may need the snapshot: wait for its end ('orchestrator watch')"),
        refusals);
  }

  @Test
  void aSnapshotThatCanNotBeRemovedByRetentionIsNoReasonToFail() {
    assertDone(create("lunch"));
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            if (operation.equals("engine.removeVolume")) {
              throw new EngineException(EngineException.Kind.CONFLICT, "volume is in use");
            }
          }
        };
    assertDone(create("dinner"));
    assertEquals(List.of("dinner", "lunch"), names());
  }

  @Test
  void downWithVolumesRemovesSnapshotsToo() {
    assertDone(create("lunch"));
    service.control.down(Control.Removal.VOLUMES);
    assertEquals(List.of(), names());
    assertEquals(List.of(), host.engine.volumes(Map.of()));
  }

  @Test
  void aHoldBudgetThatIsTooShortForTheSnapshotIsNobodysFault() {
    service.close();
    service =
        new OrchestratorFixture(
            host,
            service.home,
            service.dataSettings,
            Duration.ofMillis(20),
            List.of(),
            Duration.ofNanos(1));
    service.replayJournal();
    String id = create("lunch");
    assertEquals(Outcome.ROLLED_BACK, recordOf(id).outcome());
    Invariants.assertHold(host, service, id);
    assertEquals(List.of(), service.journal.quarantines());
  }

  private SnapshotStatus statusOf(String name) {
    return service.control.snapshot(name);
  }

  private Proof proofOf(String name) {
    return Objects.requireNonNull(statusOf(name).lastProof());
  }

  @Test
  void aProofStartsTheSnapshotOutOfReachAndLeavesNothing() {
    assertDone(create("lunch"));
    List<String> kept = rowsOf("lunch");
    List<String> isolated = new ArrayList<>();
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.writeRow(service.traffic.reachedContainer());
            if (operation.equals("health.await")) {
              isolated.addAll(host.activeWriters().stream().filter(host::isIsolated).toList());
              assertEquals(1, host.reachableWriters().size());
            }
          }
        };
    String id = service.control.proveSnapshot("lunch");
    assertDone(id);
    assertEquals(1, isolated.size(), "one capsule beside what serves");
    assertEquals(kept, rowsOf("lunch"), "nobody has written to it");
    assertEquals(1, service.journal.serving().orElseThrow().number());
    SnapshotStatus lunch = statusOf("lunch");
    assertEquals(lunch.proven(), proofOf("lunch").at());
    assertTrue(proofOf("lunch").good());
    assertEquals(id, proofOf("lunch").run());
    assertTrue(proofOf("lunch").text().contains("3 tables are good"), lunch.toString());
    assertTrue(notes(id).contains("snapshot lunch is proven"), notes(id));
  }

  @Test
  void aProofTakesNoSpaceWhereACloneCanBeMadeAndElseACopy() {
    assertDone(create("lunch"));
    assertTrue(stepsOf(service.control.proveSnapshot("lunch")).contains("data cloned"));
    host.supportsOverlays = false;
    assertTrue(stepsOf(service.control.proveSnapshot("lunch")).contains("data copied"));
    host.usedBytes = 2_000_000_000_000L;
    String id = service.control.proveSnapshot("lunch");
    assertEquals(Outcome.REFUSED, recordOf(id).outcome());
    assertTrue(recordOf(id).reason().contains("not enough space"), recordOf(id).reason());
    assertTrue(proofOf("lunch").good(), "a full disk says nothing of the snapshot");
  }

  private String stepsOf(String id) {
    assertDone(id);
    return service.control.receipt(id).steps().toString();
  }

  @Test
  void aSnapshotThatDoesNotGetHealthyIsNotProvenAndWhatServesIsNotTouched() {
    assertDone(create("lunch"));
    assertDone(service.control.proveSnapshot("lunch"));
    SnapshotStatus good = statusOf("lunch");
    host.unhealthy.add(service.container(4));
    String id = service.control.proveSnapshot("lunch");
    assertEquals(Outcome.ROLLED_BACK, recordOf(id).outcome());
    assertEquals("failed", recordOf(id).outcomeText());
    assertTrue(recordOf(id).reason().startsWith("verify: db: unhealthy"), recordOf(id).reason());
    Invariants.assertHold(host, service, id);
    assertEquals(List.of(), service.journal.quarantines());
    SnapshotStatus lunch = statusOf("lunch");
    assertEquals(good.proven(), lunch.proven(), "when it was found good last");
    assertFalse(proofOf("lunch").good());
    assertEquals("verify: db: unhealthy", proofOf("lunch").text());
  }

  @Test
  void aDamagedDatabaseFailsAProofAndOneThatCannotBeCheckedIsNamed() {
    assertDone(create("lunch"));
    DatabaseCheck unchecked =
        new DatabaseCheck("app", "sqlite /app/x.db", Result.UNCHECKED, "there is no sqlite3");
    host.databaseChecks.put(service.container(3), List.of(unchecked));
    String id = service.control.proveSnapshot("lunch");
    assertDone(id);
    assertTrue(notes(id).contains("not checked: app, sqlite /app/x.db"), notes(id));
    assertTrue(
        proofOf("lunch").text().contains("not checked: app, sqlite /app/x.db"),
        statusOf("lunch").toString());
    host.databaseChecks.put(
        service.container(4),
        List.of(
            unchecked,
            new DatabaseCheck("db", "mariadb", Result.BAD, "mariadb-check: shop.orders: corrupt")));
    String failed = service.control.proveSnapshot("lunch");
    assertEquals(Outcome.ROLLED_BACK, recordOf(failed).outcome());
    assertEquals(
        "check-databases: db, mariadb: mariadb-check: shop.orders: corrupt",
        proofOf("lunch").text());
    Invariants.assertHold(host, service, failed);
  }

  @Test
  void aProofOnAFullDiskSaysNothingOfTheSnapshot() {
    assertDone(create("lunch"));
    host.databaseChecks.put(
        service.container(3),
        List.of(new DatabaseCheck("db", "mariadb", Result.BAD, "mariadb-check: can't write")));
    host.freeBytes = 12_000;
    String id = service.control.proveSnapshot("lunch");
    assertEquals(Outcome.ROLLED_BACK, recordOf(id).outcome());
    assertEquals(
        "the disk where the engine keeps its volumes is full (12.0 kB free): free some, and prove"
            + " again; check-databases: db, mariadb: mariadb-check: can't write",
        recordOf(id).reason());
    assertNull(statusOf("lunch").lastProof());
    Invariants.assertHold(host, service, id);
  }

  @Test
  void aStackThatIsDownCanBeProven() {
    assertDone(create("lunch"));
    service.control.down(Control.Removal.NOTHING);
    String id = service.control.proveSnapshot("lunch");
    assertEquals(Outcome.DONE, recordOf(id).outcome(), recordOf(id).reason());
    assertTrue(service.journal.down());
    assertEquals(List.of(), List.copyOf(host.activeWriters()));
    assertDone(service.control.up(null));
  }

  @Test
  void aProofOfWhatIsNotThereIsRefused() {
    assertTrue(
        refusal(() -> service.control.proveSnapshot("x9")).contains("there is no snapshot x9"));
    assertTrue(service.journal.history().stream().noneMatch(run -> run.kind() == Kind.PROVE));
  }

  @Test
  void aFileIsPutInItsPlaceWhileTheServicesRunAndWhatIsReplacedIsNamed() {
    assertDone(create("lunch"));
    String volume = service.control.snapshot("lunch").volumes().getFirst().volume();
    TakenFiles files = service.control.restoreFiles("lunch", "db/conf/my.cnf", null);
    assertEquals(List.of("db/conf/my.cnf"), files.replaced());
    assertTrue(host.taken.containsValue(volume + "/volumes/db/conf/my.cnf"), host.taken.toString());
    assertEquals(
        service.container(1)
            + ": take in /data/.orchestrator/restore to /data/volumes/db/conf/my.cnf",
        host.executedCommands.getLast());
    assertEquals(1, host.activeWriters().size());
    Invariants.assertHold(host, service, "a file was restored");
  }

  @Test
  void aFileGoesToAFolderOfTheHostAlsoOfAStackThatIsDown() {
    assertDone(create("lunch"));
    service.control.down(Control.Removal.NOTHING);
    TakenFiles files = service.control.restoreFiles("lunch", "./conf/a", "/srv/back");
    assertTrue(
        String.valueOf(host.taken.get("/srv/back")).endsWith("/binds/conf/a"),
        host.taken.toString());
    assertTrue(files.added().getFirst().startsWith("/srv/back/"), files.toString());
    assertThrows(
        RefusedException.class, () -> service.control.restoreFiles("lunch", "./conf/a", null));
  }

  @Test
  void aFileOfACloneWaitsBesideTheLayerThatIsMounted() {
    startWith(OrchestratorFixture.dataSettings(Strategy.CLONE, Quiesce.STOP, Rollback.RESTORE));
    assertDone(create("lunch"));
    assertDone(service.control.upgrade("v2"));
    TakenFiles _ = service.control.restoreFiles("lunch", "db/a", null);
    assertTrue(
        host.executedCommands.getLast().contains("take in /layers/data/top/restore to /data/"),
        host.executedCommands.toString());
  }

  @Test
  void aPathOutOfAVolumeIsRefused() {
    assertDone(create("lunch"));
    for (String path :
        List.of("", "/etc/passwd", "../x", "db/../../x", "./", "./../x", "db/a\nb")) {
      assertTrue(
          refusal(() -> service.control.restoreFiles("lunch", path, null))
              .contains("is no file of a volume"),
          path);
    }
    assertTrue(
        refusal(() -> service.control.restoreFiles("lunch", "db/a", "srv"))
            .contains("no absolute path"));
    assertTrue(
        refusal(() -> service.control.restoreFiles("lunch", "db/none", null))
            .contains("there is no none"));
    assertTrue(
        refusal(() -> service.control.restoreFiles("x9", "db/a", null)).contains("no snapshot x9"));
    assertEquals(Map.of(), host.taken);
  }

  @Test
  void aComparisonHasFilesByVolumeAndRowsByTable() {
    host.tables.add(new DatabaseTable("db", "shop.orders", 1000, 0, 0));
    host.tables.add(new DatabaseTable("db", "shop.items", 5, 0, 0));
    assertDone(create("lunch"));
    host.tables.set(0, new DatabaseTable("db", "shop.orders", 1200, 0, 0));
    assertDone(create("dinner"));
    host.tables.removeLast();
    SnapshotDiff now = service.control.diffSnapshot("lunch", null);
    assertEquals(
        List.of(
            new SnapshotDiff.Table("db", "shop.items", 5, -1),
            new SnapshotDiff.Table("db", "shop.orders", 1000, 1200)),
        now.tables());
    SnapshotDiff.Volume data = now.volumes().getFirst();
    assertTrue(data.added().files() > 0, data.toString());
    assertEquals(List.of("+ db/a", "~ ./conf/b"), data.paths());
    assertEquals("both have this one", now.volumes().getLast().note());
    SnapshotDiff other = service.control.diffSnapshot("lunch", "dinner");
    assertEquals(List.of(new SnapshotDiff.Table("db", "shop.orders", 1000, 1200)), other.tables());
    assertTrue(refusal(() -> service.control.diffSnapshot("lunch", "x9")).contains("snapshot x9"));
  }

  private String dataOf(String snapshot) {
    return service.control.snapshot(snapshot).volumes().getFirst().volume();
  }

  private static SqliteTables sqlite(long rows, String... uncounted) {
    return new SqliteTables(
        List.of(
            new SqliteTables.Table("volumes/ledger/rows.db", "row", rows),
            new SqliteTables.Table("binds/conf/app.db", "log", rows + 5),
            new SqliteTables.Table("binds/conf/app.db", "same", 3)),
        Arrays.stream(uncounted)
            .map(file -> new SqliteTables.Uncounted(file, "it takes too long"))
            .toList());
  }

  @Test
  void rowsOfSqliteAreCountedInTheDataItself() {
    assertDone(create("lunch"));
    assertDone(create("dinner"));
    host.sqliteTables.put(dataOf("lunch"), sqlite(10));
    host.sqliteTables.put(dataOf("dinner"), sqlite(12));
    String serving = service.journal.serving().orElseThrow().volumes().getFirst().volume();
    host.sqliteTables.put(serving, sqlite(20));

    assertEquals(
        List.of(
            new SnapshotDiff.Table("./conf/app.db", "log", 15, 17),
            new SnapshotDiff.Table("ledger/rows.db", "row", 10, 12)),
        service.control.diffSnapshot("lunch", "dinner").tables());
    SnapshotDiff now = service.control.diffSnapshot("lunch", null);
    assertEquals(
        List.of(
            new SnapshotDiff.Table("./conf/app.db", "log", 15, 25),
            new SnapshotDiff.Table("ledger/rows.db", "row", 10, 20)),
        now.tables());
    assertEquals("", now.tablesNote());

    host.sqliteTables.put(serving, sqlite(20, "binds/conf/app.db"));
    now = service.control.diffSnapshot("lunch", null);
    assertEquals(
        List.of(new SnapshotDiff.Table("ledger/rows.db", "row", 10, 20)),
        now.tables(),
        "a file that one side could not count is not one whose tables are gone");
    assertEquals("rows of ./conf/app.db are not compared: it takes too long", now.tablesNote());
  }

  @Test
  void rowsThatAreNotKnownAreSaidToBeSo() {
    assertDone(create("lunch"));
    assertTrue(
        service.control.diffSnapshot("lunch", null).tablesNote().contains("there is no database"));
    assertDone(service.control.upgrade("v2"));
    assertDone(service.control.rollback(DataOptions.forRollback(Rollback.RESTORE)));
    String aside = names().getFirst();
    assertTrue(
        service.control.diffSnapshot(aside, null).tablesNote().contains("prove " + aside), aside);
    host.tables.add(new DatabaseTable("db", "shop.orders", 7, 0, 0));
    assertDone(service.control.proveSnapshot(aside));
    assertEquals("", service.control.diffSnapshot(aside, null).tablesNote());
  }
}
