package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.DoctorReport;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Probes that do not apply to a version do not keep the stack from leaving that version. */
class VersionProbesTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  @TempDir Path home;

  private final FakeHost host = new FakeHost();
  private OrchestratorFixture service;

  /** v1 serves; then probes for the next version are added to stack.conf. */
  @BeforeEach
  void start() {
    service = new OrchestratorFixture(host, home);
    service.control.up("v1");
    service.close();
    service =
        new OrchestratorFixture(
            host,
            home,
            OrchestratorFixture.COPY_AND_RESTORE,
            Duration.ofMillis(20),
            List.of(
                new Probe("new-port", "db", new Probe.Tcp(9999), SECOND),
                new Probe("page", "web", new Probe.Http(80, "/", 200, null), SECOND)));
    service.replayJournal();
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private Outcome outcomeOf(String run) {
    return service.journal.upgrade(run).orElseThrow().outcome();
  }

  @Test
  void probesThatDoNotApplyToAVersionPreventNeitherUpgradeNorRollback() {
    assertEquals(Outcome.DONE, outcomeOf(service.control.upgrade("v2")));
    assertEquals(
        Outcome.DONE,
        outcomeOf(service.control.rollback(DataOptions.forRollback(Rollback.RESTORE))));
    assertFalse(host.askedProbes.toString().contains("new-port"), host.askedProbes.toString());
    Invariants.assertHold(host, service, "probes of another version");
  }

  @Test
  void planAndDoctorSayWhichProbesAndRoutesAVersionLacks() {
    List<String> lines =
        List.of(
            "probe new-port is not asked of v1, which was built before it: its capsule has no port"
                + " for db:9999",
            "probe page is not asked of v1, which has no service web");
    assertEquals(lines, service.control.plan("v2", DataOptions.NONE).warnings());
    DoctorReport.Check check =
        service.control.doctor().checks().stream()
            .filter(each -> each.name().equals("probes"))
            .findFirst()
            .orElseThrow();
    assertEquals(DoctorReport.State.WARNING, check.state());
    assertEquals(String.join("; ", lines), check.text());
  }

  @Test
  void aReleaseMayHaveItsOwnProbes() {
    host.probesByImage.put(
        "orchestrator/shop:v2",
        List.of(new Probe("migrated", "db", new Probe.Exec(List.of("check")), SECOND)));
    assertEquals(Outcome.DONE, outcomeOf(service.control.upgrade("v2")));
    assertTrue(
        host.askedProbes.contains(service.container(2) + " migrated"), host.askedProbes.toString());
    assertEquals(
        Outcome.DONE,
        outcomeOf(service.control.rollback(DataOptions.forRollback(Rollback.RESTORE))));
    assertFalse(
        host.askedProbes.contains(service.container(1) + " migrated"), host.askedProbes.toString());
  }
}
