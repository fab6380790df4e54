package dev.orchestrator.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.backup.BackupException;
import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.FakeRestic;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.BackupOperation;
import dev.orchestrator.report.BackupReport;
import dev.orchestrator.report.DoctorReport;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.settings.BackupSettings.Keep;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Backups of a stack on a host in memory, in a repository in memory; its clients write before each
 * operation.
 */
class BackupServiceTest {
  private static final DataSettings DATA =
      OrchestratorFixture.dataSettings(Strategy.COPY, Quiesce.STOP, Rollback.RESTORE);

  @TempDir Path folder;
  private FakeHost host;
  private OrchestratorFixture service;
  private int keep = 3;
  private boolean required;

  @BeforeEach
  void start() throws IOException {
    host = new FakeHost();
    service = open("home");
    assertDone(service.control.up("v1"));
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private OrchestratorFixture open(String home) throws IOException {
    Path password = folder.resolve("password");
    Files.writeString(password, "secret-word\n");
    Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-------"));
    BackupSettings backup =
        new BackupSettings("sftp:host:/backups", password, null, "", new Keep(keep, 0, 0, 0, 0), 0);
    OrchestratorFixture opened =
        new OrchestratorFixture(
            host, folder.resolve(home), DATA, stack -> changed(stack.withBackup(backup)));
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.writeRow(opened.traffic.reachedContainer());
          }
        };
    return opened;
  }

  private StackSettings changed(StackSettings stack) {
    UpgradeSettings all = stack.upgrade();
    return required
        ? stack.withUpgrade(
            new UpgradeSettings(
                all.build(),
                all.ready(),
                all.preSync(),
                all.hold(),
                all.drain(),
                all.bake(),
                all.verify(),
                all.keep(),
                Duration.ofHours(1),
                all.rehearse(),
                all.oneWay()))
        : stack;
  }

  private void assertDone(String id) {
    UpgradeRecord run = service.journal.upgrade(id).orElseThrow();
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    Invariants.assertHold(host, service, id);
  }

  private BackupOperation execute(BackupRequest request) {
    BackupOperation ended = service.control.backupOperation(service.control.beginBackup(request));
    assertFalse(ended.isRunning());
    return ended;
  }

  private BackupOperation succeed(BackupRequest request) {
    BackupOperation ended = execute(request);
    assertEquals("", ended.failure());
    return ended;
  }

  private BackupReport.Health health() {
    return Objects.requireNonNull(service.control.status().backups());
  }

  private List<String> snapshots() {
    return service.control.snapshots().stream().map(SnapshotStatus::name).toList();
  }

  private List<String> rowsServed() {
    return Invariants.readRows(host, service, service.journal.serving().orElseThrow().number());
  }

  private List<String> volumes() {
    return host.engine.volumes(Map.of()).stream().map(volume -> volume.name()).toList();
  }

  private static String refusal(Runnable request) {
    return String.valueOf(assertThrows(RefusedException.class, request::run).getMessage());
  }

  @Test
  void aBackupHasTheDataAndTheReleaseAndLeavesNothingBehind() {
    host.writeRow(service.traffic.reachedContainer());
    List<String> before = List.copyOf(host.acknowledgedRows);
    List<String> volumes = volumes();

    BackupOperation ended = succeed(BackupRequest.Run.NOW);

    FakeRestic.Kept backup = host.restic.backups.getFirst();
    assertTrue(backup.rows().getOrDefault("data", List.of()).containsAll(before));
    assertTrue(backup.tags().containsAll(List.of("orchestrator", "stack=shop", "version=v1")));
    assertEquals("services: {}\n", backup.files().get("release/releases/v1/compose.yaml"));
    assertFalse(backup.files().containsKey("release/releases/v2/compose.yaml"), "that of v1 alone");
    assertTrue(backup.files().getOrDefault("orchestrator.json", "").contains("\"version\":\"v1\""));
    assertEquals(List.of(), snapshots(), "it was made for the backup");
    assertEquals(volumes, volumes());
    assertEquals("v1", service.journal.serving().orElseThrow().version());
    Invariants.assertHold(host, service, "backup");
    assertEquals(backup.id().substring(0, 8), ended.backup());
    assertTrue(ended.lines().getFirst().contains("clients waited"), ended.lines().toString());
    assertEquals("good", health().state());
    assertEquals(1, service.control.backups().backups().size());
  }

  @Test
  void aNamedSnapshotIsBackedUpAndCanNotBeDeletedMeanwhile() {
    assertDone(service.control.createSnapshot(SnapshotRequest.manual("lunch", null)));
    host.restic.during =
        () -> {
          String why = refusal(() -> service.control.deleteSnapshot("lunch"));
          assertTrue(why.contains("lunch is being read, as for a backup"), why);
        };

    succeed(new BackupRequest.Run("lunch", false));

    assertEquals(List.of("lunch"), snapshots());
    assertTrue(host.restic.tags().getFirst().contains("snapshot=lunch"));
    assertEquals("lunch deleted", service.control.deleteSnapshot("lunch"));
  }

  @Test
  void aStackWithoutARepositoryHasNoBackups() throws IOException {
    service.close();
    service = new OrchestratorFixture(host, folder.resolve("home"), DATA);
    String why = refusal(() -> service.control.beginBackup(BackupRequest.Run.NOW));
    assertTrue(why.startsWith("stack shop has no backups: set backup.repository"), why);
    assertEquals(null, service.control.status().backups());
  }

  @Test
  void aFailureIsToldByStatusAndDoctorUntilABackupSucceeds() {
    succeed(BackupRequest.Run.NOW);
    host.restic.fatal = "wrong password or no key found";
    int runs = service.journal.history().size();

    BackupOperation failed = execute(BackupRequest.Run.NOW);

    assertTrue(failed.failure().contains("it has another password"), failed.failure());
    assertEquals(runs, service.journal.history().size(), "no client has waited for a snapshot");
    assertEquals("failed", health().state());
    assertTrue(health().bad());
    assertTrue(health().text().contains("another password"), health().text());
    DoctorReport.Check check =
        service.control.doctor().checks().stream()
            .filter(each -> each.name().equals("backups"))
            .findFirst()
            .orElseThrow();
    assertEquals(DoctorReport.State.BAD, check.state());
    assertEquals(List.of(), snapshots());
    String list = refusal(() -> service.control.backups());
    assertTrue(list.contains("another password"), list);

    host.restic.fatal = "";
    succeed(BackupRequest.Run.NOW);
    assertEquals("good", health().state());
  }

  @Test
  void aFailureThatNobodyHasForeseenIsToldToo() {
    host.restic.during =
        () -> {
          throw new IllegalStateException("out of the blue");
        };
    BackupOperation failed = execute(BackupRequest.Run.NOW);
    assertTrue(failed.failure().contains("out of the blue"), failed.failure());
    assertEquals("failed", health().state());
    assertEquals(List.of(), snapshots());
  }

  @Test
  void aBackupWhoseSnapshotCanNotBeMadeHasFailed() {
    host.unhealthy.add(service.container(1));

    BackupOperation failed = execute(BackupRequest.Run.NOW);

    assertTrue(failed.failure().startsWith("no snapshot could be made"), failed.failure());
    assertEquals("failed", health().state());
    assertEquals(List.of(), host.restic.backups);
  }

  @Test
  void aRestoreBringsTheDataBackAndKeepsWhatServed() {
    succeed(BackupRequest.Run.NOW);
    List<String> kept = host.restic.backups.getFirst().rows().getOrDefault("data", List.of());
    assertDone(service.control.upgrade("v2"));

    BackupOperation ended = succeed(new BackupRequest.Restore("latest", null, false));

    assertEquals("v1", service.journal.serving().orElseThrow().version());
    assertTrue(rowsServed().containsAll(kept));
    assertTrue(snapshots().contains("backup-" + ended.backup()), snapshots().toString());
    assertTrue(
        snapshots().stream().anyMatch(name -> name.startsWith("before-restore-v2-")),
        snapshots().toString());
    int commands = host.restic.commands.size();

    succeed(new BackupRequest.Restore(ended.backup(), null, true));
    assertEquals(
        List.of("snapshots"),
        host.restic.commands.subList(commands, host.restic.commands.size()),
        "it is on this host already");
  }

  @Test
  void aHostThatKnowsNothingOfTheStackIsBroughtUpFromABackup() throws IOException {
    succeed(BackupRequest.Run.NOW);
    List<String> kept = host.restic.backups.getFirst().rows().getOrDefault("data", List.of());
    FakeRestic repository = host.restic;
    int rows = host.rowCount;
    service.close();
    host = new FakeHost();
    host.rowCount = rows;
    host.restic = repository.seenBy(host);
    service = open("another");
    FileTree.delete(folder.resolve("another/stacks/shop/releases/v1"));

    BackupOperation ended = succeed(new BackupRequest.Restore("latest", null, false));

    assertTrue(
        ended.lines().stream().anyMatch(line -> line.contains("release v1 put back")),
        ended.lines().toString());
    assertTrue(
        ended.lines().stream().anyMatch(line -> line.contains("image of v1 built")),
        ended.lines().toString());
    assertEquals("v1", service.journal.serving().orElseThrow().version());
    assertTrue(rowsServed().containsAll(kept));
    assertEquals("serving", service.control.status().state());
    assertDone(service.control.upgrade("v2"));
  }

  /**
   * Kills the process before its n-th operation on the host, from now on; returns whether it did.
   */
  private boolean killedBefore(int operation, Runnable work) throws IOException {
    int[] count = {0};
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String name, int number) {
            // A dead process does nothing more.
            if (++count[0] >= operation) {
              throw new FakeHost.ProcessKilledError(name);
            }
          }
        };
    try {
      work.run();
    } catch (FakeHost.ProcessKilledError e) {
      // It may end an operation, or what cleans up after it.
      assertTrue(count[0] >= operation);
    }
    boolean killed = count[0] >= operation;
    service.close();
    service = open("another-" + operation);
    service.replayJournal();
    return killed;
  }

  @Test
  void aKillAnywhereInARestoreOnAnotherHostIsMadeUpForByTheNextStartOrTheNextTry()
      throws IOException {
    succeed(BackupRequest.Run.NOW);
    List<String> kept = host.restic.backups.getFirst().rows().getOrDefault("data", List.of());
    FakeRestic repository = host.restic;
    int rows = host.rowCount;
    boolean killed = true;
    int operation = 0;
    while (killed) {
      operation++;
      service.close();
      host = new FakeHost();
      host.rowCount = rows;
      host.restic = repository.seenBy(host);
      service = open("another-" + operation);
      killed =
          killedBefore(operation, () -> execute(new BackupRequest.Restore("latest", null, false)));
      if (service.journal.serving().isEmpty()) {
        succeed(new BackupRequest.Restore("latest", null, false));
      }
      String when = "killed before operation " + operation;
      assertEquals("serving", service.control.status().state(), when);
      assertTrue(rowsServed().containsAll(kept), when);
      assertEquals(1, snapshots().size(), when + ": " + snapshots());
      assertEquals(3, volumes().size(), when + ": " + volumes());
      Invariants.assertHold(host, service, when);
    }
    assertTrue(operation > 10, operation + " operations");
  }

  @Test
  void aKillAnywhereInABackupLeavesNothingAndTheNextOneSucceeds() throws IOException {
    boolean killed = true;
    int operation = 0;
    while (killed) {
      operation++;
      service.close();
      host = new FakeHost();
      service = open("another-" + operation);
      assertDone(service.control.up("v1"));
      List<String> volumes = volumes();
      killed = killedBefore(operation, () -> execute(BackupRequest.Run.NOW));
      String when = "killed before operation " + operation;
      assertEquals("serving", service.control.status().state(), when);
      succeed(BackupRequest.Run.NOW);
      assertEquals(List.of(), snapshots(), when);
      assertEquals(volumes, volumes(), when);
      assertTrue(rowsServed().containsAll(host.acknowledgedRows), when);
      Invariants.assertHold(host, service, when);
    }
    assertTrue(operation > 10, operation + " operations");
  }

  @Test
  void aRestoreThatFailsLeavesWhatServesAndNothingElse() {
    succeed(BackupRequest.Run.NOW);
    List<String> volumes = volumes();
    host.restic.during =
        () -> {
          throw new BackupException(Kind.AWAY, "it can't be reached (connection reset)");
        };

    BackupOperation failed = execute(new BackupRequest.Restore("latest", null, false));

    assertEquals("it can't be reached (connection reset)", failed.failure());
    assertFalse(failed.refused());
    assertEquals(volumes, volumes());
    assertEquals(List.of(), snapshots());
    assertEquals("serving", service.control.status().state());
    assertEquals("good", health().state(), "a restore is no backup");
  }

  @Test
  void aKillInTheMiddleOfARestoreLeavesNothing() throws IOException {
    succeed(BackupRequest.Run.NOW);
    List<String> volumes = volumes();
    host.restic.during =
        () -> {
          throw new ThreadDeathInTest();
        };
    assertTrue(
        execute(new BackupRequest.Restore("latest", null, true)).failure().contains("killed"));
    host.restic.during = () -> {};
    service.close();

    service = open("home");
    service.replayJournal();

    assertEquals(volumes, volumes());
    assertEquals(List.of(), snapshots());
    succeed(BackupRequest.Run.NOW);
  }

  /** An error that no code handles, as the end of a process is. */
  private static final class ThreadDeathInTest extends Error {
    private static final long serialVersionUID = 1L;

    ThreadDeathInTest() {
      super("killed");
    }
  }

  @Test
  void aBackupThatIsNotThereIsRefused() {
    assertTrue(
        execute(new BackupRequest.Restore("latest", null, false))
            .failure()
            .contains("has no backup of stack shop"));
    succeed(BackupRequest.Run.NOW);
    BackupOperation unknown = execute(new BackupRequest.Restore("abcd", null, false));
    assertEquals(
        "no backup of stack shop begins with abcd: 'orchestrator backup list' lists them",
        unknown.failure());
    assertTrue(unknown.refused());
  }

  @Test
  void filesAreRestoredIntoAnEmptyFolderAlone() throws IOException {
    succeed(BackupRequest.Run.NOW);
    Path full = Files.createDirectories(folder.resolve("full"));
    Files.writeString(full.resolve("x"), "x");
    String why =
        refusal(() ->
            service.control.beginBackup(
                new BackupRequest.Restore("latest", full.toString(), false)));
    assertTrue(why.contains("is not an empty folder"), why);

    BackupOperation ended =
        succeed(new BackupRequest.Restore("latest", folder.resolve("new/one").toString(), false));
    assertTrue(ended.lines().getFirst().contains("restored into"), ended.lines().toString());
    assertTrue(Files.isDirectory(folder.resolve("new/one")));
  }

  @Test
  void backupsAreRemovedByTheSettingsOrById() {
    for (int i = 0; i < 4; i++) {
      succeed(BackupRequest.Run.NOW);
    }
    assertEquals(3, host.restic.backups.size(), "each backup removes what is not kept");
    assertEquals(
        "nothing to remove: the settings keep all 3 backups",
        succeed(new BackupRequest.Forget(List.of(), false)).lines().getLast());
    String id = host.restic.backups.getFirst().id().substring(0, 8);
    BackupOperation planned = succeed(new BackupRequest.Forget(List.of(id), true));
    assertEquals(List.of(id), planned.removed());
    assertEquals(3, host.restic.backups.size());
    succeed(new BackupRequest.Forget(List.of(id), false));
    assertEquals(2, host.restic.backups.size());
    assertTrue(
        succeed(new BackupRequest.Check(10)).lines().getFirst().contains("10% of its data read"));
  }

  @Test
  void aProofIsRememberedAndLeavesNothing() {
    succeed(BackupRequest.Run.NOW);
    List<String> volumes = volumes();

    BackupOperation ended = succeed(new BackupRequest.Prove("latest"));

    assertTrue(health().text().contains("; proven "), health().text());
    assertEquals(List.of(), snapshots());
    assertEquals(volumes, volumes());
    assertEquals("serving", service.control.status().state());
    assertEquals(host.restic.backups.getFirst().id().substring(0, 8), ended.backup());
  }

  @Test
  void aBackupThatDoesNotComeUpIsTold() {
    succeed(BackupRequest.Run.NOW);
    host.restic.during = () -> host.unhealthy.add("v1");

    BackupOperation ended = execute(new BackupRequest.Prove("latest"));

    assertTrue(ended.failure().contains("was restored, and did not come up"), ended.failure());
    assertEquals("unproven", health().state());
    assertTrue(health().text().contains("did not come up when it was proven"), health().text());
    assertEquals(List.of(), snapshots());
    host.unhealthy.clear();
    host.restic.during = () -> {};
    succeed(new BackupRequest.Prove("latest"));
    assertEquals("good", health().state());
  }

  @Test
  void aBackupThatCanNotBeRestoredIsTold() {
    succeed(BackupRequest.Run.NOW);
    host.restic.during =
        () -> {
          throw new BackupException(Kind.DAMAGED, "it is damaged");
        };

    execute(new BackupRequest.Prove("latest"));

    assertEquals("unproven", health().state());
    assertTrue(health().bad());
  }

  @Test
  void anUpgradeThatRequiresABackupHasNoneWithoutIt() throws IOException {
    service.close();
    required = true;
    service = open("home");
    service.replayJournal();
    String refused = service.control.upgrade("v2");
    UpgradeRecord run = service.journal.upgrade(refused).orElseThrow();
    assertEquals(Outcome.REFUSED, run.outcome());
    assertEquals(
        "an upgrade needs a backup whose data is no older than 1 h 00 min (upgrade.backup ="
            + " required), and there is none: 'orchestrator backup run' makes one",
        run.reason());
    assertTrue(health().upgradeNeedsBackup());

    host.restic.fatal = "wrong password or no key found";
    assertFalse(execute(new BackupRequest.Run(null, true)).failure().isEmpty());
    run = service.journal.upgrade(service.control.upgrade("v2")).orElseThrow();
    assertEquals(Outcome.REFUSED, run.outcome());
    assertTrue(run.reason().contains("it has another password"), run.reason());

    host.restic.fatal = "";
    succeed(new BackupRequest.Run(null, true));
    assertEquals("", service.control.beginBackup(new BackupRequest.Run(null, true)), "it is fresh");
    String upgraded = service.control.upgrade("v2");
    assertDone(upgraded);
    assertTrue(service.control.receipt(upgraded).steps().toString().contains("backup v1-"));

    host.clockOffset = Duration.ofHours(2);
    run = service.journal.upgrade(service.control.upgrade("v3")).orElseThrow();
    assertEquals(Outcome.REFUSED, run.outcome());
    assertTrue(run.reason().contains("that of the last one is 2 h"), run.reason());
  }

  @Test
  void oneOperationIsUnderWayAtATime() {
    host.restic.during =
        () -> {
          String why = refusal(() -> service.control.beginBackup(new BackupRequest.Check(0)));
          assertTrue(why.startsWith("backup run of stack shop is under way"), why);
          assertThrows(NotYetException.class, () -> service.control.down(Control.Removal.VOLUMES));
        };
    succeed(BackupRequest.Run.NOW);
  }

  @Test
  void anUpgradeBesideABackupIsNotHinderedAndNoRowIsLost() {
    host.restic.during = () -> assertDone(service.control.upgrade("v2"));

    succeed(BackupRequest.Run.NOW);

    assertEquals("v2", service.journal.serving().orElseThrow().version());
    assertEquals(List.of(), snapshots());
    assertTrue(rowsServed().containsAll(host.acknowledgedRows));
    assertTrue(host.restic.tags().getFirst().contains("version=v1"));
  }

  @Test
  void anAbortEndsABackup() {
    host.restic.during =
        () -> {
          String _ = service.control.abort();
          assertTrue(Thread.interrupted(), "restic is ended");
          throw new BackupException(Kind.ENDED, "it was ended before it was done");
        };

    BackupOperation ended = execute(BackupRequest.Run.NOW);

    assertEquals("it was ended before it was done", ended.failure());
    assertEquals(List.of(), snapshots());
    assertEquals("failed", health().state());
  }
}
