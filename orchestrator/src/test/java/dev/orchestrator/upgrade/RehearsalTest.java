package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.DatabaseTable;
import dev.orchestrator.capsule.MemoryUse;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Plan;
import dev.orchestrator.report.VersionStatus;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.Hook;
import dev.orchestrator.settings.RehearseSettings;
import dev.orchestrator.settings.RehearseSettings.Mode;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Upgrades that are tried out on a copy of the data first, on a host in memory. */
class RehearsalTest {
  /** An upgrade by a clone takes no space. */
  private static final DataSettings CLONED =
      OrchestratorFixture.dataSettings(Strategy.CLONE, Quiesce.STOP, Rollback.RESTORE);

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private final FakeHost host = new FakeHost();
  private OrchestratorFixture service;

  /** The versions of the capsules out of reach that were waited for, in order. */
  private final List<String> triedOut = new ArrayList<>();

  /** Operations that end what serves, or make its clients wait. */
  private final List<String> touched = new ArrayList<>();

  /** Rounds of checks of a version that was rehearsed. */
  private int rehearsedPasses = 1;

  @BeforeEach
  void begin() {
    service = next(Mode.OFF, OrchestratorFixture.COPY_AND_RESTORE);
  }

  @AfterEach
  void end() {
    service.close();
  }

  private void serve(Mode mode) {
    serve(mode, OrchestratorFixture.COPY_AND_RESTORE);
  }

  private void serve(Mode mode, DataSettings data) {
    service.close();
    service = next(mode, data);
    service.control.up("v1");
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.writeRow(service.traffic.reachedContainer());
            strike(operation);
          }
        };
  }

  private OrchestratorFixture next(Mode mode, DataSettings data) {
    return new OrchestratorFixture(
        host,
        home,
        data,
        stack ->
            stack.withUpgrade(
                withPasses(stack.upgrade()).withRehearse(RehearseSettings.OFF.with(mode))));
  }

  private UpgradeSettings withPasses(UpgradeSettings upgrade) {
    return new UpgradeSettings(
        upgrade.build(),
        upgrade.ready(),
        upgrade.preSync(),
        upgrade.hold(),
        upgrade.drain(),
        upgrade.bake(),
        new VerifySettings(3, rehearsedPasses, Duration.ofMillis(1), upgrade.verify().deadline()),
        upgrade.keep());
  }

  private void strike(String operation) {
    if (operation.equals("health.await")) {
      host.activeWriters().stream()
          .filter(host::isIsolated)
          .map(this::versionOf)
          .forEach(triedOut::add);
      assertEquals(1, host.reachableWriters().size(), "clients reach one version");
    }
    boolean isRehearsing = host.activeWriters().stream().anyMatch(host::isIsolated);
    if (operation.startsWith("traffic.")
        || Set.of("engine.killContainer", "engine.stopContainer").contains(operation)
        || (operation.equals("capsule.stop") && !isRehearsing)) {
      touched.add(operation);
    }
  }

  private String versionOf(String container) {
    return host.engine.container(container).orElseThrow().labels().getOrDefault(Labels.VERSION, "");
  }

  private UpgradeRecord upgrade(String version) {
    return recordOf(service.control.upgrade(version));
  }

  private UpgradeRecord recordOf(String id) {
    return service.journal.upgrade(id).orElseThrow();
  }

  private String notes(UpgradeRecord run) {
    return service.control.receipt(run.id()).notes().toString();
  }

  private List<String> steps(UpgradeRecord run) {
    return service.control.receipt(run.id()).steps().stream().map(Receipt.Step::step).toList();
  }

  private static List<String> ids(List<Step> steps) {
    return steps.stream().map(Step::id).toList();
  }

  private RehearsalRecord lastOf(String version) {
    return service.journal.rehearsal(version).orElseThrow();
  }

  private void assertInvariants(String what) {
    Invariants.assertHold(host, service, what);
  }

  @Test
  void aVersionIsTriedOutOfReachAndThenUpgradedTo() {
    serve(Mode.ON);
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(ids(UpgradePlans.REHEARSED_UPGRADE), steps(run));
    assertEquals(List.of("v2", "v1"), triedOut);
    assertInvariants("upgraded");
    assertEquals(
        host.acknowledgedRows,
        Invariants.readRows(host, service, 2),
        "nothing that the rehearsal has written");
    assertTrue(notes(run).contains("rehearsed: v2 was healthy after"), notes(run));
    assertTrue(notes(run).contains("was frozen for"), notes(run));
    RehearsalRecord found = lastOf("v2");
    assertTrue(found.good());
    assertEquals(run.id(), found.run());
    assertEquals(1, found.from());
  }

  @Test
  void aBrokenVersionIsFoundOutBeforeOneClientHasWaited() {
    serve(Mode.ON);
    host.unhealthy.add("v3");
    UpgradeRecord run = upgrade("v3");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertEquals(
        "rehearse: db: unhealthy; found in a rehearsal, no client has waited", run.reason());
    assertFalse(steps(run).contains("hold"), steps(run).toString());
    assertNull(service.control.receipt(run.id()).traffic(), "nobody was held");
    assertEquals(List.of(), touched, "nothing was done to what serves, nor to its clients");
    assertInvariants("rolled back");
    VersionStatus v3 = service.control.versions().get(2);
    assertEquals("quarantined", v3.state());
    assertTrue(v3.note().contains("rehearsal: db: unhealthy"), v3.note());
    assertEquals(lastOf("v3"), v3.rehearsal());
    assertEquals(lastOf("v3"), service.control.status().rehearsal());
    assertFalse(lastOf("v3").good());
    assertTrue(
        Files.exists(home.resolve("state/logs/" + run.id() + "-v3.log"))
            || service.control.receipt(run.id()).steps().toString().contains("its logs: "),
        "what its services said is kept");
  }

  @Test
  void aRehearsalAloneChangesNothing() {
    serve(Mode.OFF);
    UpgradeRecord run = recordOf(service.control.rehearse("v2"));
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(List.of("preflight", "build", "rehearse"), steps(run));
    assertEquals(List.of("v2", "v1"), triedOut);
    assertEquals(List.of(), touched);
    assertEquals("v1", Invariants.servingVersion(service));
    assertInvariants("rehearsed");
    assertTrue(lastOf("v2").good());
    host.unhealthy.add("v3");
    UpgradeRecord bad = recordOf(service.control.rehearse("v3"));
    assertEquals("failed", bad.outcomeText());
    assertFalse(lastOf("v3").good());
    assertInvariants("rehearsed a broken version");
    RefusedException same =
        assertThrows(RefusedException.class, () -> service.control.rehearse("v1"));
    assertEquals("v1 is the version that serves: nothing to rehearse", same.getMessage());
  }

  @Test
  void aGoodRehearsalTakesAVersionOutOfTheQuarantineOfABadOne() {
    serve(Mode.OFF);
    host.unhealthy.add("v3");
    String _ = service.control.rehearse("v3");
    assertEquals("quarantined", service.control.versions().get(2).state());
    host.unhealthy.clear();
    String _ = service.control.rehearse("v3");
    assertEquals("available", service.control.versions().get(2).state());
    assertTrue(lastOf("v3").good());
  }

  @Test
  void aHookThatFailsLeavesWhatServesAsItWas() {
    serve(
        Mode.ON,
        new DataSettings(
            Strategy.COPY,
            Quiesce.STOP,
            Map.of(),
            List.of(
                new Hook("db", Hook.When.BEFORE, List.of("flush"), Duration.ofSeconds(1)),
                new Hook("db", Hook.When.AFTER, List.of("unlock"), Duration.ofSeconds(1))),
            0,
            false,
            3,
            10,
            false,
            Rollback.RESTORE,
            List.of(),
            List.of(),
            List.of(),
            List.of()));
    host.failingCommands.add("flush");
    UpgradeRecord run = recordOf(service.control.rehearse("v2"));
    assertEquals("failed", run.outcomeText());
    assertEquals(
        List.of(service.container(1) + ": flush", service.container(1) + ": unlock"),
        host.executedCommands);
    assertInvariants("rolled back");
  }

  @Test
  void aVersionThatTheSameRunHasRehearsedIsCheckedInFewerRounds() {
    serve(Mode.ON);
    host.awaitedPasses.clear();
    assertEquals(Outcome.DONE, upgrade("v2").outcome());
    assertEquals(
        List.of(3, 3, 1),
        host.awaitedPasses,
        "in the rehearsal, on the way back, and in the upgrade");
    assertEquals(Outcome.DONE, recordOf(service.control.rollback()).outcome());
    host.awaitedPasses.clear();
    assertEquals(Outcome.DONE, upgrade("v2").outcome());
    assertEquals(List.of(3), host.awaitedPasses, "the rehearsal was another run's");

    rehearsedPasses = 5;
    service.close();
    service = next(Mode.ON, OrchestratorFixture.COPY_AND_RESTORE);
    service.replayJournal();
    host.awaitedPasses.clear();
    assertEquals(Outcome.DONE, upgrade("v3").outcome());
    assertEquals(List.of(3, 3, 5), host.awaitedPasses, "as it is set");
  }

  @Test
  void aYoungRehearsalOfTheSameContentIsNotRepeated() throws IOException {
    serve(Mode.REQUIRED);
    String first = service.control.rehearse("v2");
    triedOut.clear();
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(List.of(), triedOut, "not again");
    assertTrue(notes(run).contains("not rehearsed again, as v2 was healthy"), notes(run));
    assertTrue(notes(run).contains("in " + first), notes(run));
    assertEquals(Outcome.DONE, recordOf(service.control.rollback()).outcome());

    // v1 serves again, in the capsule that the rehearsal's data was of.
    host.clockOffset = Duration.ofHours(25);
    assertEquals(Outcome.DONE, upgrade("v2").outcome());
    assertEquals(List.of("v2", "v1"), triedOut, "it was too old");
    assertEquals(Outcome.DONE, recordOf(service.control.rollback()).outcome());

    triedOut.clear();
    Files.writeString(
        home.resolve("stacks/shop/releases/v2/compose.yaml"), "services: { db: {} }\n");
    assertEquals(Outcome.DONE, upgrade("v2").outcome());
    assertEquals(List.of("v2", "v1"), triedOut, "the content is another one");
  }

  @Test
  void anotherVersionThatServesHasOtherData() {
    serve(Mode.ON);
    assertEquals(Outcome.DONE, recordOf(service.control.rehearse("v3")).outcome());
    assertEquals(Outcome.DONE, upgrade("v2").outcome());
    triedOut.clear();
    assertEquals(Outcome.DONE, upgrade("v3").outcome());
    assertEquals(List.of("v3", "v2"), triedOut);
  }

  @Test
  void withoutSpaceForTheCopyAnUpgradeGoesOnWithoutAndSaysSo() {
    serve(Mode.ON, CLONED);
    host.usedBytes = 2_000_000_000_000L;
    Plan plan = service.control.plan("v2", DataOptions.NONE);
    assertTrue(plan.warnings().toString().contains("no rehearsal can be made"), plan.toString());
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(List.of(), triedOut);
    assertTrue(
        notes(run).contains("no rehearsal could be made, and the upgrade goes on without"),
        notes(run));
    assertTrue(notes(run).contains("not enough space"), notes(run));
    assertTrue(service.journal.rehearsals().isEmpty(), "nothing was found out");
    assertInvariants("upgraded");
  }

  @Test
  void withoutSpaceForTheCopyNothingIsUpgradedWhereARehearsalIsRequired() {
    serve(Mode.REQUIRED, CLONED);
    host.usedBytes = 2_000_000_000_000L;
    assertThrows(RefusedException.class, () -> service.control.plan("v2", DataOptions.NONE));
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.REFUSED, run.outcome());
    assertTrue(run.reason().contains("not enough space"), run.reason());
    assertEquals("v1", Invariants.servingVersion(service));
    assertTrue(service.journal.quarantines().isEmpty(), "a full disk is not the version's fault");
    assertInvariants("refused");
  }

  @Test
  void whatFailsBeforeTheVersionIsStartedIsNotItsFault() {
    serve(Mode.ON);
    failAt("engine.createIsolatedNetwork");
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertTrue(notes(run).contains("no rehearsal could be made"), notes(run));
    assertTrue(notes(run).contains("no network here"), notes(run));
    assertInvariants("upgraded");
  }

  @Test
  void whatFailsBeforeTheVersionIsStartedEndsAnUpgradeThatMustRehearse() {
    serve(Mode.REQUIRED);
    failAt("engine.createIsolatedNetwork");
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertTrue(run.reason().startsWith("rehearse: no network here"), run.reason());
    assertTrue(service.journal.quarantines().isEmpty());
    assertEquals(List.of(), touched);
    assertInvariants("rolled back");
  }

  private void failAt(String failing) {
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.writeRow(service.traffic.reachedContainer());
            strike(operation);
            if (operation.equals(failing)) {
              throw new EngineException(EngineException.Kind.REFUSED, "no network here");
            }
          }
        };
  }

  @Test
  void anUpgradeCanBeToldNotToRehearse() {
    serve(Mode.REQUIRED);
    UpgradeRecord run =
        recordOf(service.control.upgrade("v2", DataOptions.NONE, RehearsalOptions.NONE));
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(ids(UpgradePlans.UPGRADE), steps(run));
    assertEquals(List.of(), triedOut);
  }

  @Test
  void aPlanHasTheRehearsal() {
    serve(Mode.ON);
    Plan plan = service.control.plan("v2", DataOptions.NONE);
    assertEquals(
        ids(UpgradePlans.REHEARSED_UPGRADE), plan.steps().stream().map(Plan.Step::name).toList());
    Plan without = service.control.plan("v2", DataOptions.NONE, RehearsalOptions.NONE);
    assertEquals(ids(UpgradePlans.UPGRADE), without.steps().stream().map(Plan.Step::name).toList());
    service.control.rehearse("v2");
    Plan known = service.control.plan("v2", DataOptions.NONE);
    assertTrue(known.warnings().toString().contains("not rehearsed again"), known.toString());
  }

  @Test
  void aServiceThatIsKilledWhileWhatServesIsFrozenThawsItAtItsNextStart() {
    serve(Mode.ON);
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void after(String operation, int number) {
            if (operation.equals("engine.pauseContainer")) {
              throw new FakeHost.ProcessKilledError(operation);
            }
          }
        };
    assertThrows(FakeHost.ProcessKilledError.class, () -> service.control.upgrade("v2"));
    assertTrue(
        host.engine.container(service.container(1)).filter(ContainerInfo::paused).isPresent());
    host.faults = new FakeHost.Faults() {};
    service.close();
    service = next(Mode.ON, OrchestratorFixture.COPY_AND_RESTORE);
    service.replayJournal();
    UpgradeRecord run = service.journal.history().getFirst();
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertTrue(lastOf("v2").good());
    assertInvariants("went on");
  }

  @Test
  void withoutMemoryForASecondCapsuleAnUpgradeGoesOnWithoutAndSaysSo() {
    serve(Mode.ON);
    host.memory = new MemoryUse(2L << 30, 0, 2L << 30);
    Plan plan = service.control.plan("v2", DataOptions.NONE);
    assertTrue(plan.warnings().toString().contains("not enough memory"), plan.toString());
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(List.of(), triedOut);
    assertTrue(
        notes(run)
            .contains(
                "not enough memory: what serves takes 2.1 GB, a rehearsal takes as much again and"
                    + " leaves 256.0 MB, and 2.1 GB are available"),
        notes(run));
    assertInvariants("upgraded");
  }

  @Test
  void withoutMemoryForASecondCapsuleNothingIsUpgradedWhereARehearsalIsRequired() {
    serve(Mode.REQUIRED);
    host.memory = new MemoryUse(2L << 30, 0, 2L << 30);
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.REFUSED, run.outcome());
    assertTrue(run.reason().contains("not enough memory"), run.reason());
    assertInvariants("refused");
  }

  @Test
  void servicesThatWouldDoHarmTwiceAreLeftOut() {
    service.close();
    service =
        new OrchestratorFixture(
            host,
            home,
            OrchestratorFixture.COPY_AND_RESTORE,
            stack ->
                stack.withUpgrade(
                    stack
                        .upgrade()
                        .withRehearse(
                            new RehearseSettings(
                                Mode.ON, Duration.ofHours(24), List.of("mailer")))));
    service.control.up("v1");
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    String green = Objects.requireNonNull(service.control.status().serving()).container();
    assertEquals(List.of(Set.of("mailer")), List.copyOf(host.leftOut.values()));
    assertFalse(host.leftOut.containsKey(green), "they are in the version that serves");
    assertTrue(
        notes(run).contains("not started in a rehearsal (rehearse.skip-services): mailer"),
        notes(run));
  }

  @Test
  void aFailureThatTheHostMayHaveCausedDoesNotEndTheUpgrade() {
    serve(Mode.ON);
    host.grantsByImage.put("orchestrator/shop:v2", writable("/srv/media"));
    failWhereIsolated();
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertTrue(
        notes(run).contains("the rehearsal failed, which proves nothing, and the upgrade goes on"),
        notes(run));
    assertTrue(
        notes(run).contains("paths of the host are read-only in a rehearsal: /srv/media"),
        notes(run));
    assertTrue(service.journal.rehearsals().isEmpty(), "nothing was found out");
    assertTrue(service.journal.quarantines().isEmpty());
    assertInvariants("upgraded");
  }

  @Test
  void whereARehearsalIsRequiredSuchAFailureEndsIt() {
    serve(Mode.REQUIRED);
    host.grantsByImage.put("orchestrator/shop:v2", writable("/srv/media"));
    failWhereIsolated();
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertTrue(run.reason().contains("found in a rehearsal"), run.reason());
    assertInvariants("rolled back");
  }

  private static HostGrants writable(String path) {
    return new HostGrants(
        false,
        List.of(new HostGrants.Path(path, false, "rprivate")),
        List.of(),
        List.of(),
        List.of(),
        Map.of(),
        "");
  }

  /** A version that is healthy where it serves alone. */
  private void failWhereIsolated() {
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.writeRow(service.traffic.reachedContainer());
            if (operation.equals("health.await")
                && host.activeWriters().stream().anyMatch(host::isIsolated)) {
              throw new HealthException("app: can't write to /srv/media");
            }
          }
        };
  }

  @Test
  void theHoldIsPredictedAndTheErrorToldAfterwards() {
    serve(Mode.ON);
    UpgradeRecord run = upgrade("v2");
    assertTrue(notes(run).contains("the rehearsal had predicted"), notes(run));
    assertTrue(notes(run).contains("clients will be held for some"), notes(run));
  }

  @Test
  void anUpgradeThatWouldNotEndWithinItsBudgetEndsBeforeClientsWait() {
    serve(Mode.ON);
    host.lastPass = Duration.ofMinutes(10); // The budget is one.
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertTrue(
        run.reason()
            .matches("rehearse: clients will be held for some .*, and upgrade.hold-budget is .*"),
        run.reason());
    assertFalse(steps(run).contains("hold"), steps(run).toString());
    assertNull(service.control.receipt(run.id()).traffic(), "nobody was held");
    assertEquals(List.of(), touched, "nothing was done to what serves, nor to its clients");
    assertTrue(lastOf("v2").good(), "the version is");
    assertTrue(service.journal.quarantines().isEmpty(), "a slow host is not the version's fault");
    assertInvariants("rolled back");

    triedOut.clear();
    host.lastPass = Duration.ofMillis(1);
    UpgradeRecord again = upgrade("v2");
    assertEquals(Outcome.DONE, again.outcome(), again.reason());
    assertEquals(List.of("v2", "v1"), triedOut, "what would not end in time is tried again");
  }

  @Test
  void whatTheStartTakesAndChangesIsKept() {
    serve(Mode.OFF);
    host.usedBytes = 3_000_000;
    host.tables.add(new DatabaseTable("db", "shop.migrations", 3, 1, 0));
    host.tables.add(new DatabaseTable("db", "shop.orders", 9, 0, 0));
    UpgradeRecord run = recordOf(service.control.rehearse("v2"));
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    RehearsalRecord found = lastOf("v2");
    assertEquals(6_000_000, found.disk(), "the data and the store");
    assertEquals(List.of("db shop.migrations"), found.changed().tables());
    assertEquals(7, found.changed().bytes());
    assertTrue(notes(run).contains("6.0 MB of disk"), notes(run));
    assertTrue(notes(run).contains("it wrote to the tables db shop.migrations"), notes(run));

    host.occupiedFails = true;
    UpgradeRecord unknown = recordOf(service.control.rehearse("v2"));
    assertEquals(Outcome.DONE, unknown.outcome(), "a figure is no reason to fail");
    assertEquals(0, lastOf("v2").disk());
  }

  @Test
  void theOldServerRecoversTheCopyWhereADatabaseChangesItsSeries() {
    serve(Mode.ON);
    host.databasesByImage.put("orchestrator/shop:v1", Map.of("db", "MariaDB 10.11"));
    host.databasesByImage.put("orchestrator/shop:v2", Map.of("db", "MariaDB 11.8"));
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(List.of("v1", "v2", "v1"), triedOut, notes(run));
    assertInvariants("upgraded");
  }
}
