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

/** Probes belong to a version: one that a version can't be asked keeps nobody from leaving it. */
class VersionProbesTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  @TempDir Path home;

  private final FakeHost host = new FakeHost();
  private OrchestratorFixture at;

  /** v1 serves; then somebody writes probes into stack.conf for the version to come. */
  @BeforeEach
  void start() {
    at = new OrchestratorFixture(host, home);
    at.control.up("v1");
    at.close();
    at =
        new OrchestratorFixture(
            host,
            home,
            OrchestratorFixture.DATA,
            Duration.ofMillis(20),
            List.of(
                new Probe("new-port", "db", new Probe.Tcp(9999), SECOND),
                new Probe("page", "web", new Probe.Http(80, "/", 200, null), SECOND)));
    at.boot();
  }

  @AfterEach
  void stop() {
    at.close();
  }

  private Outcome outcome(String run) {
    return at.journal.upgrade(run).orElseThrow().outcome();
  }

  @Test
  void probesThatTheServingVersionCanNotBeAskedDoNotKeepAnyoneFromLeavingItAndComingBack() {
    assertEquals(Outcome.DONE, outcome(at.control.upgrade("v2")));
    assertEquals(Outcome.DONE, outcome(at.control.rollback(DataOptions.of(Rollback.RESTORE))));
    assertFalse(host.asked.toString().contains("new-port"), host.asked.toString());
    Invariants.assertWhole(host, at, "probes of another version");
  }

  @Test
  void planAndDoctorSayWhichProbesAndRoutesAVersionLacks() {
    List<String> lines =
        List.of(
            "probe new-port is not asked of v1, which was built before it: its capsule has no port"
                + " for db:9999",
            "probe page is not asked of v1, which has no service web");
    assertEquals(lines, at.control.plan("v2", DataOptions.NONE).warnings());
    DoctorReport.Check check =
        at.control.doctor().checks().stream()
            .filter(each -> each.name().equals("probes"))
            .findFirst()
            .orElseThrow();
    assertEquals(DoctorReport.State.WARNING, check.state());
    assertEquals(String.join("; ", lines), check.text());
  }

  @Test
  void aReleaseCarriesProbesOfItsOwn() {
    host.probes.put(
        "orchestrator/shop:v2",
        List.of(new Probe("migrated", "db", new Probe.Exec(List.of("check")), SECOND)));
    assertEquals(Outcome.DONE, outcome(at.control.upgrade("v2")));
    assertTrue(host.asked.contains(at.container(2) + " migrated"), host.asked.toString());
    assertEquals(Outcome.DONE, outcome(at.control.rollback(DataOptions.of(Rollback.RESTORE))));
    assertFalse(host.asked.contains(at.container(1) + " migrated"), host.asked.toString());
  }
}
