package dev.orchestrator.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.DatabaseTable;
import dev.orchestrator.capsule.OutsidePath;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import dev.orchestrator.traffic.Traffic.Clients;
import dev.orchestrator.upgrade.DataChanges;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.ResourceNames;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a person is told before acting (plan, costs of a rollback, doctor), on a host in memory. */
class OperatorViewTest {
  private static final OutsidePath CACHE =
      new OutsidePath("app", "/opt/app/state", "added", true, 5_000, "/opt/app/state");

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private final FakeHost host = new FakeHost();
  private OrchestratorFixture service;

  @BeforeEach
  void start() {
    service = new OrchestratorFixture(host, home, data(Quiesce.STOP));
    service.control.up("v1");
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private static DataSettings data(Quiesce quiesce) {
    return OrchestratorFixture.dataSettings(Strategy.AUTO, quiesce, Rollback.RESTORE);
  }

  private void restartService(DataSettings data, Duration bake) {
    service.close();
    service = new OrchestratorFixture(host, home, data, bake);
    service.replayJournal();
  }

  private UpgradeRecord runUpgrade(String version) {
    return service.journal.upgrade(service.control.upgrade(version)).orElseThrow();
  }

  private DoctorReport.Check check(String name) {
    return service.control.doctor().checks().stream()
        .filter(check -> check.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aPlanNamesTheTransferOfEachVolumeAndChangesNothing() {
    host.outsidePaths.add(CACHE);
    int operations = host.operationCount;
    Plan plan = service.control.plan("v2", DataOptions.NONE);
    assertEquals("overlay", plan.data().getFirst().how());
    assertTrue(plan.data().getFirst().why().contains("a layer over v1's data"), plan.toString());
    assertEquals(
        List.of(
            "service app keeps 5.0 kB in /opt/app/state, outside its volumes, which the new version"
                + " won't have: if it matters, add services.app.volumes:"
                + " [\"app-opt-app-state:/opt/app/state\"], volumes: {app-opt-app-state: {}}"),
        plan.warnings());
    assertEquals(1, service.journal.history().size(), "no run has begun");
    assertEquals(1, host.activeWriters().size());
    assertEquals(1, host.operationCount - operations, "only the version is checked");
  }

  @Test
  void aDatabaseWhoseReleaseSeriesChangesIsNotFrozen() {
    host.databasesByImage.put("orchestrator/shop:v1", Map.of("db", "MariaDB 10.11"));
    host.databasesByImage.put("orchestrator/shop:v2", Map.of("db", "MariaDB 11.8"));
    restartService(data(Quiesce.FREEZE), Duration.ZERO);
    Plan before = service.control.plan("v2", DataOptions.NONE);
    assertTrue(before.warnings().getFirst().startsWith("v2 isn't built yet"), before.toString());

    UpgradeRecord run = runUpgrade("v2");
    assertEquals(Outcome.REFUSED, run.outcome());
    String why =
        "service db can't be frozen: MariaDB 10.11 becomes MariaDB 11.8, and a database does not"
            + " upgrade data that looks like the data of a crash: let it stop, with data.services ="
            + " [ { name = db, quiesce = stop } ]";
    assertTrue(run.reason().contains(why), run.reason());
    assertEquals(
        why,
        assertThrows(RefusedException.class, () -> service.control.plan("v2", DataOptions.NONE))
            .getMessage(),
        "now that it is built");
    Invariants.assertHold(host, service, "refused");
  }

  @Test
  void theCostOfARollbackIsTheDataWrittenSinceTheSwitch() {
    host.tables.add(new DatabaseTable("db", "shop.orders", 100, 40, 0));
    host.tables.add(new DatabaseTable("db", "shop.items", 7, 3, 0));
    assertEquals(Outcome.DONE, runUpgrade("v2").outcome());
    host.tables.set(0, new DatabaseTable("db", "shop.orders", 112, 52, 0));
    host.tables.add(new DatabaseTable("db", "shop.notes", 5, 5, 0));
    host.writeRow(service.traffic.reachedContainer());

    host.grantsByImage.put(
        "orchestrator/shop:v2",
        HostGrants.parse(
            """
            --mount=type=bind,source=/srv/media,target=/host/srv/media,bind-propagation=rslave
            --mount=type=bind,source=/lib/modules,target=/host/lib/modules,readonly,bind-propagation=rslave\
            """));

    RollbackCost cost = service.control.rollbackCost();
    DataChanges.Volume media = cost.volumes().getLast();
    assertEquals("/srv/media", media.name(), "what is only read has not changed");
    assertTrue(media.note().contains("not rolled back"), media.note());
    assertEquals("v2 v1 restore", cost.from() + " " + cost.to() + " " + cost.configured());
    assertEquals(1, cost.volumes().getFirst().files());
    assertEquals(
        List.of(
            new DataChanges.Rows("db", "shop.orders", 112, 12),
            new DataChanges.Rows("db", "shop.notes", 5, 5)),
        cost.tables());
    assertEquals(Outcome.DONE, service.journal.history().getFirst().outcome(), "nothing was begun");
  }

  @Test
  void theDoctorReportsAHealthyStackAsGood() {
    runUpgrade("v2");
    DoctorReport doctor = service.control.doctor();
    assertTrue(
        doctor.checks().stream().allMatch(check -> check.state() == DoctorReport.State.GOOD),
        doctor.toString());
    assertTrue(check("way back").text().startsWith("v1, generation 1"), doctor.toString());
    assertEquals("nothing", check("left over").text());
    host.unneededImages.add("sha256:1");
    assertEquals(
        "1 image that no version needs, which the end of the next upgrade removes",
        check("left over").text());
  }

  @Test
  void theDoctorNamesEachProblem() {
    runUpgrade("v2");
    host.outsidePaths.add(CACHE);
    host.supportsOverlays = false;
    host.unhealthy.add("v2");
    host.engine.createVolume(
        "stray",
        new ResourceNames(OrchestratorFixture.settings(home))
            .generationLabels(service.journal.serving().orElseThrow(), "", "data"));
    DoctorReport doctor = service.control.doctor();
    assertEquals(DoctorReport.State.BAD, check("serving").state(), doctor.toString());
    assertEquals("volume stray", check("left over").text());
    assertEquals("can't be mounted: no overlays here", check("clones").text());
    assertEquals(
        "1 places whose files are lost with the next upgrade: see below",
        check("outside volumes").text());
    assertEquals("/opt/app/state", doctor.outside().getFirst().folder());
  }

  @Test
  void theDoctorReportsMissingDataOfThePreviousVersion() {
    restartService(
        OrchestratorFixture.dataSettings(Strategy.COPY, Quiesce.STOP, Rollback.RESTORE),
        Duration.ZERO);
    runUpgrade("v2");
    assertEquals(DoctorReport.State.GOOD, check("way back").state());
    host.engine.removeContainer(service.container(1));
    host.engine.removeVolume(service.container(1) + "-data");
    assertEquals(
        "volumes of v1 are gone: " + service.container(1) + "-data", check("way back").text());
    assertEquals(DoctorReport.State.BAD, check("way back").state());
  }

  @Test
  void errorsToMostClientsInTheBakeWindowRollBack() {
    restartService(data(Quiesce.STOP), Duration.ofMinutes(1));
    AtomicInteger checks = new AtomicInteger();
    service.traffic.clients =
        name ->
            name.equals(service.container(2))
                ? new Clients(9, 0, 0, 20L * checks.incrementAndGet(), 15L * checks.get(), 0, 0)
                : Clients.NONE;
    UpgradeRecord run = runUpgrade("v2");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertTrue(run.reason().startsWith("bake: clients fare badly"), run.reason());
    Invariants.assertHold(host, service, "after the bake");
  }
}
