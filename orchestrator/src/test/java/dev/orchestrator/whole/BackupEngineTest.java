package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.BackupOperation;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.settings.BackupSettings.Keep;
import dev.orchestrator.stack.BackupRequest;
import dev.orchestrator.testing.LightLoad;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.ResticFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.upgrade.ResourceNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Backups of the light stack on a real engine, with clients that write all the time, in a
 * repository on the disk.
 */
@Tag("engine")
@Rotates
class BackupEngineTest {
  @TempDir Path directory;

  private BackupSettings settings(ResticFixture restic) throws IOException {
    Path place = directory.resolve("repository");
    if (!Files.isDirectory(place)) {
      Files.createDirectory(place);
    }
    return new BackupSettings(
        place.toString(),
        restic.secret("backup.password", "it's a \"word\"\n"),
        null,
        "",
        new Keep(3, 0, 0, 0, 0),
        0);
  }

  private LightServiceFixture service(String folder, BackupSettings backup) throws IOException {
    return new LightServiceFixture(
        LightStackFixture.in(Files.createDirectories(directory.resolve(folder))),
        LightStackFixture.changed(stack -> stack.withBackup(backup)));
  }

  private static void done(LightServiceFixture light, String run) throws InterruptedException {
    Receipt receipt = light.await(run);
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
  }

  private static BackupOperation execute(LightServiceFixture light, BackupRequest request) {
    String id = light.control().beginBackup(request);
    BackupOperation now = light.control().backupOperation(id);
    while (now.isRunning()) {
      Thread.onSpinWait();
      now = light.control().backupOperation(id);
    }
    now.lines().forEach(System.out::println);
    return now;
  }

  private static BackupOperation succeed(LightServiceFixture light, BackupRequest request) {
    BackupOperation ended = execute(light, request);
    assertEquals("", ended.failure());
    return ended;
  }

  private static List<String> helpers(LightServiceFixture light) {
    return light
        .engine()
        .containers(Labels.with(light.labels(), Labels.ROLE, ResourceNames.BACKUP))
        .stream()
        .map(container -> container.name())
        .toList();
  }

  private static void assertHas(Set<Integer> acknowledged, List<Integer> found) {
    Set<Integer> missing = new TreeSet<>(acknowledged);
    missing.removeAll(found);
    assertEquals(Set.of(), missing, "acknowledged before the backup, of " + acknowledged.size());
  }

  @Test
  void aStackComesBackFromItsBackupHereAndOnAHostThatKnowsNothingOfIt() throws Exception {
    ResticFixture restic = new ResticFixture(directory);
    BackupSettings backup = settings(restic);
    try (LightServiceFixture light = service("here", backup)) {
      done(light, light.control().up("v1"));
      Set<Integer> linesBefore;
      Set<Integer> rowsBefore;
      try (LightLoad lines = new LightLoad(light, "/lines");
          LightLoad rows = new LightLoad(light, "/rows")) {
        linesBefore = lines.acknowledged();
        rowsBefore = rows.acknowledged();
        BackupOperation made = succeed(light, BackupRequest.Run.NOW);
        assertEquals(List.of(), light.control().snapshots(), "it was made for the backup");
        assertEquals(List.of(), helpers(light));
        lines.assertComplete("after a backup");
        rows.assertComplete("after a backup");
        assertEquals(List.of(), lines.failures(), "nobody was refused");
        assertEquals(1, light.containers().size(), "the same capsule serves");

        done(light, light.control().upgrade("v2"));
        light.post("1000001");
        long start = System.nanoTime();
        succeed(light, new BackupRequest.Restore(made.backup(), null, false));
        System.out.printf(
            "restored in %s%n", HumanText.time((System.nanoTime() - start) / 1_000_000));
        assertEquals("ledger v1\n", light.get("/"));
        assertEquals("ok\n", light.get("/check"));
        assertHas(linesBefore, lines.readNumbers());
        assertHas(rowsBefore, rows.readNumbers());
        assertTrue(!lines.readNumbers().contains(1_000_001), "of after the backup");
      }
      assertTrue(
          light.control().snapshots().stream()
              .map(SnapshotStatus::name)
              .anyMatch(name -> name.startsWith("before-restore-v2-")));
      succeed(light, new BackupRequest.Prove("latest"));
      succeed(light, new BackupRequest.Check(100));
      assertEquals(List.of(), helpers(light));

      // As a person does it, with restic and the password alone.
      Path alone = Files.createDirectory(directory.resolve("alone"));
      String _ = restic.run(backup, "restore", "latest", "--target", alone.toString());
      assertTrue(
          Files.readString(alone.resolve("orchestrator.json")).contains("\"stack\":\"light\""));
      assertTrue(Files.exists(alone.resolve("release/releases/v1/compose.yaml")));

      try (LightServiceFixture there = service("there", backup)) {
        Path releases = directory.resolve("there/stacks/light/releases");
        FileTree.delete(releases.resolve("v1"));
        succeed(there, new BackupRequest.Restore("latest", null, false));
        assertEquals("ledger v1\n", there.get("/"));
        assertEquals("ok\n", there.get("/check"));
        assertTrue(Files.exists(releases.resolve("v1/compose.yaml")), "the release is back");
        done(there, there.control().upgrade("v2"));
      }
    }
  }

  @Test
  void aStopInTheMiddleOfABackupLeavesNothingBehind() throws Exception {
    ResticFixture restic = new ResticFixture(directory);
    BackupSettings backup = settings(restic);
    try (LightServiceFixture light = service("here", backup)) {
      done(light, light.control().up("v1"));
      light.post("1");
      succeed(light, BackupRequest.Run.NOW);
      List<String> volumes = light.volumes();

      String id = light.control().beginBackup(BackupRequest.Run.NOW);
      while (helpers(light).isEmpty() && light.control().backupOperation(id).isRunning()) {
        Thread.onSpinWait();
      }
      light.restart();

      succeed(light, BackupRequest.Run.NOW);
      succeed(light, new BackupRequest.Check(0));
      assertEquals(volumes, light.volumes());
      assertEquals(List.of(), light.control().snapshots());
      assertEquals(List.of(), helpers(light));
      assertEquals(
          0,
          directory.resolve("repository/locks").toFile().list().length,
          "locks in the repository");
      assertEquals("1\n", light.get("/lines"));
    }
  }
}
