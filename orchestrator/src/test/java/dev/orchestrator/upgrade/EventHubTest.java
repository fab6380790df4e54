package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.testing.InMemoryFolder;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which events watchers of a run get, and which runs stay in memory. */
class EventHubTest {
  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private Journal journal;
  private EventHub hub;

  @BeforeEach
  void open() {
    journal = Journal.open(home.resolve("journal.db"), InstantSource.system());
    hub = new EventHub(journal, InstantSource.system());
  }

  @AfterEach
  void close() {
    journal.close();
  }

  private List<String> watched(String run) {
    List<String> lines = new ArrayList<>();
    hub.watch(run, event -> lines.add(event.step() + " " + event.phase())).close();
    return lines;
  }

  private void publishLine(UpgradeRecord run, Phase phase) {
    StepRecord line = journal.append(run.id(), "preflight", phase, "");
    hub.publishLine(run.id(), line.sequence(), line.step(), RunLog.textOf(phase), "");
  }

  private UpgradeRecord run() {
    UpgradeRecord run = journal.begin(Kind.UP, "", "v1", null);
    publishLine(run, Phase.INTENT);
    hub.publish(run.id(), "preflight", "progress", "looking");
    publishLine(run, Phase.DONE);
    journal.end(run.id(), Outcome.DONE, "");
    hub.publish(run.id(), "done", "end", "");
    return run;
  }

  @Test
  void theFirstLineOfARunIsPublishedOnce() {
    UpgradeRecord run = journal.begin(Kind.UP, "", "v1", null);
    publishLine(run, Phase.INTENT);
    assertEquals(List.of("preflight intent"), watched(run.id()));
    publishLine(run, Phase.DONE);
    assertEquals(List.of("preflight intent", "preflight done"), watched(run.id()));
  }

  @Test
  void runsThatEndedLongAgoAreReadFromTheJournalAndNotKeptInMemory() {
    List<UpgradeRecord> runs = new ArrayList<>();
    for (int i = 0; i < EventHub.REMEMBERED_RUNS + 20; i++) {
      runs.add(run());
    }
    assertEquals(EventHub.REMEMBERED_RUNS, hub.rememberedRuns());
    assertEquals(
        List.of("preflight intent", "preflight done", "done end"), watched(runs.getFirst().id()));
    assertEquals(EventHub.REMEMBERED_RUNS, hub.rememberedRuns(), "a look back keeps nothing");
    assertEquals(
        List.of("preflight intent", "preflight progress", "preflight done", "done end"),
        watched(runs.getLast().id()));
  }
}
