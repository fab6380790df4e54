package dev.orchestrator.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal with a step that only a newer version of this program knows. */
class UnknownStepTest {
  @TempDir Path home;

  @Test
  void aRunWithAnUnknownStepIsLeftAloneAndClientsAreServed() {
    FakeHost host = new FakeHost();
    String run;
    try (OrchestratorFixture newer = new OrchestratorFixture(host, home)) {
      newer.control.up("v1");
      UpgradeRecord begun = newer.journal.begin(Kind.UPGRADE, "v1", "v2", 1);
      newer.journal.append(begun.id(), "foresee", Phase.INTENT, "");
      run = begun.id();
    }
    try (OrchestratorFixture older = new OrchestratorFixture(host, home)) {
      older.replayJournal();
      assertEquals(older.container(1), older.traffic.reachedContainer(), "v1 serves on");
      assertEquals(run, older.journal.running().orElseThrow().id(), "neither ended nor undone");
      Status status = older.control.status();
      assertEquals("needs attention", status.state());
      String line =
          run
              + " has the step 'foresee', which this version of the orchestrator does not know:"
              + " start the newer version again, which ends the run";
      assertTrue(status.attention().contains(line), status.attention());
      assertThrows(RefusedException.class, () -> older.control.upgrade("v2"));
    }
  }
}
