package dev.orchestrator.journal;

import static dev.orchestrator.testing.GenerationFixture.START;
import static dev.orchestrator.testing.GenerationFixture.generation;
import static dev.orchestrator.testing.GenerationFixture.serveFirst;
import static dev.orchestrator.testing.GenerationFixture.serveNext;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {

  @TempDir Path folder;
  private Journal journal;

  @BeforeEach
  void open() {
    journal = Journal.open(folder.resolve("journal.db"), InstantSource.fixed(START));
  }

  @AfterEach
  void close() {
    journal.close();
  }

  @Test
  void aNewJournalIsEmpty() {
    assertEquals(Optional.empty(), journal.serving());
    assertEquals(Optional.empty(), journal.previous());
    assertEquals(Optional.empty(), journal.running());
    assertEquals(List.of(), journal.history());
    assertFalse(journal.down());
  }

  @Test
  void aGenerationNumberIsGivenOnceEvenIfItStaysUnused() {
    assertEquals(1, journal.nextGeneration());
    reopen();
    assertEquals(2, journal.nextGeneration());
    journal.forget();
    assertEquals(3, journal.nextGeneration());
  }

  @Test
  void everythingIsThereAfterReopening() {
    serveFirst(journal);
    String id = journal.begin(Kind.UPGRADE, "v1", "v2", 1).id();
    journal.addCandidate(id, generation(2, "v2"));
    journal.append(id, "hold", Phase.INTENT, "two\nlines");
    journal.attach(id, "x", "{}");
    journal.attach(id, "x", "{\"a\":1}");
    journal.setDown(true);
    journal.quarantine("v3", "sha256:3", "web: unhealthy");
    reopen();

    assertEquals(Optional.of(generation(1, "v1")), journal.serving());
    UpgradeRecord running = journal.running().orElseThrow();
    assertEquals(
        new UpgradeRecord("u2", Kind.UPGRADE, "v1", "v2", 1, 2, Outcome.RUNNING, "", START, null),
        running);
    assertEquals(
        List.of(new StepRecord(id, 1, "hold", Phase.INTENT, START, "two lines")),
        journal.steps(id));
    assertEquals(Optional.of("{\"a\":1}"), journal.attachment(id, "x"));
    assertEquals(Optional.empty(), journal.attachment(id, "y"));
    assertTrue(journal.down());
    assertEquals(
        List.of(new QuarantineRecord("v3", "sha256:3", "web: unhealthy", START)),
        journal.quarantines());
    assertEquals(List.of("u2", "u1"), journal.history().stream().map(UpgradeRecord::id).toList());
  }

  @Test
  void aSwitchKeepsTheOldGenerationAndIsInTheRunsRecord() {
    serveFirst(journal);
    String id = journal.begin(Kind.UPGRADE, "v1", "v2", 1).id();
    journal.addCandidate(id, generation(2, "v2"));
    assertEquals(Optional.empty(), journal.switched(id));

    journal.switchTo(id, 2);
    journal.switchTo(id, 2);

    assertEquals(Optional.of(generation(2, "v2")), journal.serving());
    assertEquals(Optional.of(generation(1, "v1")), journal.previous());
    assertEquals(Optional.of(new SwitchRecord(2, START)), journal.switched(id));
    assertEquals(
        List.of(
            new GenerationRecord(generation(1, "v1"), State.KEPT),
            new GenerationRecord(generation(2, "v2"), State.SERVING)),
        journal.generations());
  }

  @Test
  void aSwitchThatCannotBeMadeChangesNothing() {
    serveFirst(journal);
    String id = journal.begin(Kind.UPGRADE, "v1", "v2", 1).id();
    journal.addCandidate(id, generation(2, "v2"));
    journal.setState(2, State.REMOVED);

    assertThrows(IllegalArgumentException.class, () -> journal.switchTo(id, 2));
    assertThrows(IllegalArgumentException.class, () -> journal.switchTo(id, 7));
    assertThrows(IllegalStateException.class, () -> journal.switchTo("u9", 1));

    assertEquals(Optional.of(generation(1, "v1")), journal.serving());
    assertEquals(Optional.empty(), journal.switched(id));
  }

  @Test
  void noRollbackGoesToAGenerationThatARollbackReplaced() {
    serveFirst(journal);
    serveNext(journal, Kind.UPGRADE, "v1", "v2");
    String id = journal.begin(Kind.ROLLBACK, "v2", "v1", 2).id();
    journal.switchTo(id, 1);
    journal.end(id, Outcome.DONE, "by hand");

    assertEquals(Optional.of(generation(1, "v1")), journal.serving());
    assertEquals(Optional.empty(), journal.previous());

    serveNext(journal, Kind.UPGRADE, "v1", "v3");
    assertEquals(Optional.of(generation(1, "v1")), journal.previous(), "not v2");
  }

  @Test
  void noRollbackGoesToARemovedGeneration() {
    serveFirst(journal);
    serveNext(journal, Kind.UPGRADE, "v1", "v2");
    serveNext(journal, Kind.UPGRADE, "v2", "v3");
    assertEquals(Optional.of(generation(2, "v2")), journal.previous());

    journal.setState(2, State.REMOVED);
    assertEquals(Optional.of(generation(1, "v1")), journal.previous());
  }

  @Test
  void whileARunIsUnderWayAnotherIsRefusedWithItsIdStartAndStep() {
    String id = journal.begin(Kind.UPGRADE, "v1", "v2", null).id();
    journal.append(id, "verify", Phase.INTENT, "");

    RefusedException refusal =
        assertThrows(RefusedException.class, () -> journal.begin(Kind.ROLLBACK, "v2", "v1", null));
    assertEquals(
        "u1 is running (upgrade v1 to v2, since 2026-11-02T04:00:00Z, at step verify):"
            + " wait for its end, or see `orchestrator show u1`",
        refusal.getMessage());

    journal.end(id, Outcome.ROLLED_BACK, "web: unhealthy");
    assertEquals("u2", journal.begin(Kind.ROLLBACK, "v2", "v1", null).id());
    assertThrows(
        IllegalStateException.class, () -> journal.end(id, Outcome.DONE, ""), "ended already");
  }

  @Test
  void aRunBeginsWithItsCandidateAndItsAttachments() {
    serveFirst(journal);
    Map<String, String> attachments = Map.of("options", "{\"full\":true}", "notes", "[]");
    UpgradeRecord begun = journal.begin(Kind.ROLLBACK, "v2", "v1", 2, 1, attachments);
    reopen();

    assertEquals(
        new UpgradeRecord("u2", Kind.ROLLBACK, "v2", "v1", 2, 1, Outcome.RUNNING, "", START, null),
        begun);
    assertEquals(Optional.of(begun), journal.running());
    attachments.forEach(
        (key, json) -> assertEquals(Optional.of(json), journal.attachment("u2", key)));
  }

  @Test
  void aRunThatIsRefusedLeavesTheAttachmentsOfTheRunThatIsUnderWay() {
    journal.begin(Kind.UPGRADE, "v1", "v2", 1, null, Map.of("options", "{}"));
    assertThrows(
        RefusedException.class,
        () -> journal.begin(Kind.ROLLBACK, "v2", "v1", 2, 1, Map.of("options", "{\"other\":1}")));
    assertEquals(Optional.of("{}"), journal.attachment("u1", "options"));
    assertEquals(1, journal.history().size());
  }

  @Test
  void ofManyRunsThatBeginAtOnceOneBegins() throws Exception {
    Callable<String> begin = () -> journal.begin(Kind.UPGRADE, "v1", "v2", null).id();
    int begun = 0;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<String> one : threads.invokeAll(Collections.nCopies(20, begin))) {
        try {
          assertEquals("u1", one.get());
          begun++;
        } catch (ExecutionException e) {
          assertInstanceOf(RefusedException.class, e.getCause());
        }
      }
    }
    assertEquals(1, begun);
  }

  @Test
  void quarantineGoesByContentWhateverTheName() {
    journal.quarantine("v3", "sha256:3", "unhealthy");
    journal.quarantine("v3", "sha256:3", "unhealthy again");
    journal.quarantine("v4", "", "does not build");

    assertEquals("unhealthy again", reason(journal.quarantined("v3", "sha256:3")));
    assertEquals("unhealthy again", reason(journal.quarantined("v3-again", "sha256:3")));
    assertEquals(Optional.empty(), journal.quarantined("v3", "sha256:mended"));
    assertEquals("unhealthy again", reason(journal.quarantined("v3")));
    assertEquals("does not build", reason(journal.quarantined("v4", "sha256:4")));
    assertEquals(2, journal.quarantines().size());

    journal.setDown(true);
    String run = journal.begin(Kind.UP, "", "v3", null).id();
    journal.succeed(run, "v3");
    assertEquals(Optional.empty(), journal.quarantined("v3"));
    assertEquals(Outcome.DONE, journal.upgrade(run).orElseThrow().outcome());
    assertFalse(journal.down(), "it serves");
  }

  private static SnapshotRecord snapshot(String name, int generation) {
    return new SnapshotRecord(
        name,
        generation,
        SnapshotRecord.Reason.MANUAL,
        START,
        5_000_000_000L,
        SnapshotRecord.UNKNOWN,
        412,
        "routes = auto\n");
  }

  @Test
  void aSnapshotIsThereAfterReopeningWithAllThatIsKnownOfIt() {
    serveFirst(journal);
    String id = journal.begin(Kind.SNAPSHOT, "v1", "v1", 1).id();
    journal.addCandidate(id, generation(2, "v1"));
    journal.addSnapshot(snapshot("lunch", 2));
    journal.addSnapshot(snapshot("lunch", 2));
    journal.end(id, Outcome.DONE, "");
    reopen();
    assertEquals(List.of(snapshot("lunch", 2)), journal.snapshots());
    assertEquals(Optional.of(snapshot("lunch", 2)), journal.snapshot("lunch"));
    assertEquals(State.SNAPSHOT, journal.generations().get(1).state());
    assertEquals(1, journal.serving().orElseThrow().number());
  }

  @Test
  void twoSnapshotsNeverHaveOneName() {
    serveFirst(journal);
    serveNext(journal, Kind.UPGRADE, "v1", "v2");
    journal.nameSnapshot(snapshot("lunch", 1));
    RefusedException refused =
        assertThrows(RefusedException.class, () -> journal.nameSnapshot(snapshot("lunch", 2)));
    assertEquals("there is a snapshot lunch already", refused.getMessage());
    journal.nameSnapshot(snapshot("another", 1));
    assertEquals(List.of(snapshot("lunch", 1)), journal.snapshots(), "one name for one's data");
  }

  @Test
  void aSnapshotGoesWithItsDataAndWhenItsDataServesAgain() {
    serveFirst(journal);
    serveNext(journal, Kind.UPGRADE, "v1", "v2");
    serveNext(journal, Kind.UPGRADE, "v2", "v3");
    journal.nameSnapshot(snapshot("first", 1));
    journal.nameSnapshot(snapshot("second", 2));
    journal.setState(1, State.REMOVED);
    assertEquals(List.of(snapshot("second", 2)), journal.snapshots());

    String id = journal.begin(Kind.ROLLBACK, "v3", "v2", 3, 2, Map.of()).id();
    journal.switchTo(id, 2);
    assertEquals(List.of(), journal.snapshots(), "it is written to now");
    journal.end(id, Outcome.DONE, "");
    journal.setState(3, State.SNAPSHOT);
    assertThrows(
        IllegalArgumentException.class,
        () -> journal.switchTo(journal.begin(Kind.UP, "", "v3", 2).id(), 3),
        "nobody ever writes to a snapshot");
  }

  @Test
  void forgettingLeavesNothingButTheNumbers() {
    serveFirst(journal);
    journal.append("u1", "hold", Phase.INTENT, "");
    journal.quarantine("v3", "sha256:3", "unhealthy");
    journal.nameSnapshot(snapshot("lunch", 1));
    journal.forget();

    assertEquals(List.of(), journal.snapshots());
    assertEquals(List.of(), journal.generations());
    assertEquals(List.of(), journal.history());
    assertEquals(List.of(), journal.steps("u1"));
    assertEquals(List.of(), journal.quarantines());
    assertEquals("u2", journal.begin(Kind.UP, "", "v1", null).id());
  }

  @Test
  void aTextThatIsNoIdFindsNoRun() {
    for (String id : List.of("", "u", "u0", "7", "u99999999999", "u1; drop table upgrade")) {
      assertEquals(Optional.empty(), journal.upgrade(id), id);
    }
  }

  @Test
  void aClosedJournalSaysSo() {
    journal.close();
    JournalException failure = assertThrows(JournalException.class, () -> journal.serving());
    assertTrue(String.valueOf(failure.getMessage()).endsWith("the journal is closed"));
  }

  private static String reason(Optional<QuarantineRecord> quarantine) {
    return quarantine.orElseThrow().reason();
  }

  private void reopen() {
    journal.close();
    open();
  }
}
