package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.SnapshotDiff;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.testing.LightLoad;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.RunWatcher;
import dev.orchestrator.testing.VolumeInspector;
import dev.orchestrator.upgrade.DataOptions;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Snapshots of the light stack on a real engine, with clients that write to a file and to an SQLite
 * database all the time. {@code -Dsnapshots=20} makes so many in a row.
 */
@Tag("engine")
@Rotates
class SnapshotEngineTest {
  private static final int IN_A_ROW = Integer.getInteger("snapshots", 2);

  @TempDir Path directory;

  private static Receipt done(LightServiceFixture light, String run) throws InterruptedException {
    Receipt receipt = light.await(run);
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
    return receipt;
  }

  private static Receipt create(LightServiceFixture light, String name, Quiesce how)
      throws InterruptedException {
    return done(light, light.control().createSnapshot(SnapshotRequest.manual(name, how)));
  }

  private static Receipt prove(LightServiceFixture light, String name) throws InterruptedException {
    return light.await(light.control().proveSnapshot(name));
  }

  /** What a service of the only isolated capsule, or of what serves, says to a connection. */
  private static boolean connects(LightServiceFixture light, boolean isolated, String to) {
    String capsule =
        light.engine().containers(light.labels()).stream()
            .filter(each -> each.address().startsWith("198.19.") == isolated)
            .filter(each -> "capsule".equals(each.labels().get(Labels.ROLE)))
            .map(ContainerInfo::name)
            .findFirst()
            .orElseThrow();
    String script = "timeout 3 bash -c '</dev/tcp/" + to + "'";
    List<String> command = List.of("capsule", "exec", "greeter", "bash", "-c", script);
    return light.engine().exec(capsule, command, Duration.ofSeconds(30)).ok();
  }

  @Test
  void nothingInAProofReachesTheHostOrAnythingBehindIt() throws Exception {
    try (LightServiceFixture light = new LightServiceFixture(directory);
        ServerSocket host = new ServerSocket(0, 50, InetAddress.getByName("0.0.0.0"))) {
      done(light, light.control().up("v1"));
      create(light, "lunch", Quiesce.FREEZE);
      String gateway = "172.17.0.1/" + host.getLocalPort();
      assertTrue(connects(light, false, gateway), "what serves reaches the host");
      List<String> reached = new CopyOnWriteArrayList<>();
      List<String> tried = new CopyOnWriteArrayList<>();
      Receipt receipt =
          light.await(
              light.control().proveSnapshot("lunch"),
              RunWatcher.onPhase(
                  "check-databases",
                  "intent",
                  () -> {
                    String subnet = isolatedAddress(light).replaceFirst("[.][0-9]+$", "");
                    for (String to : List.of(gateway, subnet + ".1/" + host.getLocalPort())) {
                      tried.add(to);
                      if (connects(light, true, to)) {
                        reached.add(to);
                      }
                    }
                  }));
      assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
      assertEquals(2, tried.size());
      assertEquals(List.of(), reached);
    }
  }

  private static String isolatedAddress(LightServiceFixture light) {
    return light.engine().containers(light.labels()).stream()
        .map(ContainerInfo::address)
        .filter(each -> each.startsWith("198.19."))
        .findFirst()
        .orElseThrow();
  }

  private static String proof(LightServiceFixture light, String name) {
    return Objects.requireNonNull(light.control().snapshot(name).lastProof()).text();
  }

  @Test
  void snapshotsUnderLoadLoseNothingAndTheLastIsRestored() throws Exception {
    try (LightServiceFixture light = new LightServiceFixture(directory)) {
      done(light, light.control().up("v1"));
      Set<Integer> linesBefore;
      Set<Integer> rowsBefore;
      try (LightLoad lines = new LightLoad(light, "/lines");
          LightLoad rows = new LightLoad(light, "/rows")) {
        linesBefore = Set.of();
        rowsBefore = Set.of();
        for (int i = 1; i <= IN_A_ROW; i++) {
          linesBefore = lines.acknowledged();
          rowsBefore = rows.acknowledged();
          create(light, "frozen-" + i, Quiesce.FREEZE);
          SnapshotStatus made = light.control().snapshot("frozen-" + i);
          System.out.printf(
              "%s: %s, clients waited %s at most%n",
              made.name(), HumanText.bytes(made.bytes()), HumanText.time(made.pauseMillis()));
        }
        create(light, "stopped", Quiesce.STOP);
        System.out.printf(
            "stopped: clients waited %s at most%n",
            HumanText.time(light.control().snapshot("stopped").pauseMillis()));
        long longest = 0;
        for (SnapshotStatus made : light.control().snapshots()) {
          Receipt proven = prove(light, made.name());
          assertEquals(Outcome.DONE, proven.upgrade().outcome(), proven.upgrade().reason());
          assertTrue(
              proof(light, made.name())
                  .contains("sqlite /var/lib/ledger/rows.db: integrity_check is ok"),
              proof(light, made.name()));
          longest = made.name().equals("stopped") ? longest : Math.max(longest, made.pauseMillis());
        }
        System.out.printf(
            "%d snapshots, each proven; clients waited %s at most for one that was frozen%n",
            IN_A_ROW, HumanText.time(longest));
        lines.assertComplete("after snapshots");
        rows.assertComplete("after snapshots");
        assertEquals(List.of(), lines.failures());
        assertEquals("ok\n", light.get("/check"));
        assertEquals(1, light.containers().size(), "the same capsule serves");

        done(light, light.control().upgrade("v2"));
        light.post("1000001");
        done(light, light.control().restoreSnapshot("frozen-" + IN_A_ROW));
        assertEquals("ledger v1\n", light.get("/"));
        assertEquals("ok\n", light.get("/check"), "as after a power cut");
        assertHas(linesBefore, lines.readNumbers());
        assertHas(rowsBefore, rows.readNumbers());
        assertTrue(!lines.readNumbers().contains(1_000_001), "of after the snapshot");
      }

      String newer =
          light.control().snapshots().stream()
              .map(SnapshotStatus::name)
              .filter(name -> name.startsWith("before-restore-v2-"))
              .findFirst()
              .orElseThrow();
      done(light, light.control().restoreSnapshot(newer));
      assertEquals("ledger v2\n", light.get("/"));
      assertTrue(light.get("/lines").contains("1000001\n"));
    }
  }

  private static void assertHas(Set<Integer> acknowledged, List<Integer> found) {
    Set<Integer> missing = new TreeSet<>(acknowledged);
    missing.removeAll(found);
    assertEquals(Set.of(), missing, "acknowledged before the snapshot, of " + acknowledged.size());
  }

  @Test
  void whatARollbackSetAsideIsRestoredAfterOtherRuns() throws Exception {
    try (LightServiceFixture light = new LightServiceFixture(directory)) {
      done(light, light.control().up("v1"));
      done(light, light.control().upgrade("v2"));
      light.post("of v2");
      done(light, light.control().rollback(DataOptions.forRollback(Rollback.RESTORE)));
      String aside = light.control().snapshots().getFirst().name();
      assertTrue(aside.startsWith("set-aside-v2-"), aside);
      done(light, light.control().upgrade("v2"));
      done(light, light.control().rollback(DataOptions.forRollback(Rollback.RESTORE)));
      assertEquals("", light.get("/lines"));

      done(light, light.control().restoreSnapshot(aside));

      assertEquals("ledger v2\n", light.get("/"));
      assertEquals("of v2\n", light.get("/lines"));
    }
  }

  @Test
  void aRestoreThatIsNotHealthyLeavesWhatServes() throws Exception {
    try (LightServiceFixture light = new LightServiceFixture(directory)) {
      done(light, light.control().up("v1"));
      light.post("kept");
      create(light, "broken", Quiesce.FREEZE);
      light.post("newer");
      List<String> volumes = light.volumes();
      assertEquals(Outcome.DONE, prove(light, "broken").upgrade().outcome());
      assertEquals(volumes, light.volumes(), "nothing of a proof is left");
      assertEquals(List.of(), light.engine().networks(light.labels()));
      String volume = light.control().snapshot("broken").volumes().getFirst().volume();
      new VolumeInspector(light.engine())
          .runWriting(
              volume,
              "cd /look/volumes/ledger; { head -c 100 rows.db; head -c 8092 /dev/urandom; }"
                  + " >old.db");
      assertEquals(Outcome.ROLLED_BACK, prove(light, "broken").upgrade().outcome());
      assertTrue(
          proof(light, "broken")
              .startsWith("check-databases: ledger, sqlite /var/lib/ledger/old.db"),
          proof(light, "broken"));
      assertEquals(volumes, light.volumes(), "nor of one that has failed");
      assertEquals(List.of(), light.engine().networks(light.labels()));
      new VolumeInspector(light.engine())
          .runWriting(volume, "rm -rf /look/volumes/ledger; touch /look/volumes/ledger");

      Receipt receipt = light.await(light.control().restoreSnapshot("broken"));

      assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
      assertEquals("ledger v1\n", light.get("/"));
      assertEquals("kept\nnewer\n", light.get("/lines"));
      assertEquals(1, light.containers().size());
      light.control().deleteSnapshot("broken");
      assertEquals(2, light.volumes().size(), "data and store of what serves");
    }
  }

  /** The output of a script in the capsule that serves. */
  static String inCapsule(LightServiceFixture light, String script) {
    String capsule = light.control().serving().container();
    ExecResult result =
        light.engine().exec(capsule, List.of("bash", "-euc", script), Duration.ofSeconds(30));
    assertTrue(result.ok(), script + ": " + result.stderr());
    return result.stdout();
  }

  private static String refusal(Executable request) {
    return String.valueOf(assertThrows(RefusedException.class, request).getMessage());
  }

  @Test
  void singleFilesAreRestoredWhileServicesRunAndOnlyWhereThatIsSafe() throws Exception {
    String ledger = "/data/volumes/ledger";
    String stat = "cd " + ledger + "; stat --format '%n %a %u:%g %s %.9Y' lines old/deep/a";
    Path back = Files.createDirectory(directory.resolve("back"));
    try (LightServiceFixture light = new LightServiceFixture(directory)) {
      done(light, light.control().up("v1"));
      light.post("kept");
      inCapsule(
          light,
          "cd %s; chmod 640 lines; chown 7:8 lines; touch -d 2020-02-02T02:02:02.123456789Z lines; mkdir -p old/deep; echo a >old/deep/a; chown 9:9 old; ln -s /etc out"
              .formatted(ledger));
      String before = inCapsule(light, stat);
      create(light, "lunch", Quiesce.FREEZE);
      light.post("newer");
      inCapsule(light, "cd %s; rm -r old; echo x >extra".formatted(ledger));

      inCapsule(
          light,
          "capsule exec ledger sqlite3 /var/lib/ledger/rows.db 'INSERT INTO row VALUES (7)'");

      SnapshotDiff diff = light.control().diffSnapshot("lunch", null);
      SnapshotDiff.Volume data = diff.volumes().getFirst();
      assertEquals(
          List.of("+ ledger/extra", "- ledger/old/deep/a", "~ ledger/lines"),
          data.paths().stream().filter(path -> !path.contains("rows.db")).sorted().toList());
      assertEquals(1, data.removed().files());
      assertEquals(
          List.of(new SnapshotDiff.Table("ledger/rows.db", "row", 0, 1)),
          diff.tables(),
          diff.tablesNote());

      TakenFiles lines = light.control().restoreFiles("lunch", "ledger/lines", null);
      assertEquals(List.of("ledger/lines"), lines.replaced());
      TakenFiles old = light.control().restoreFiles("lunch", "ledger/old/deep", null);
      assertEquals(List.of("ledger/old/deep/a"), old.added());
      assertEquals(before, inCapsule(light, stat));
      assertEquals("9:9\n", inCapsule(light, "stat --format %u:%g " + ledger + "/old"));
      assertEquals("kept\n", light.get("/lines"));
      light.post("after");
      assertEquals("kept\nafter\n", light.get("/lines"));
      assertEquals("x\n", inCapsule(light, "cat " + ledger + "/extra"));
      assertEquals("", inCapsule(light, "ls -A /data/.orchestrator | grep restore || true"));

      String open =
          refusal(() -> light.control().restoreFiles("lunch", "ledger/rows.db-wal", null));
      assertTrue(open.contains("rows.db-wal is open in a service"), open);
      assertEquals("ok\n", light.get("/check"));
      String link = refusal(() -> light.control().restoreFiles("lunch", "ledger/out/passwd", null));
      assertTrue(link.contains("is a link"), link);
      String none = refusal(() -> light.control().restoreFiles("lunch", "ledger/lime", null));
      assertTrue(none.contains("there is no lime in volumes/ledger, which has: lines"), none);
      inCapsule(light, "cd %s; rm -r old; ln -s /etc old".formatted(ledger));
      String moved = refusal(() -> light.control().restoreFiles("lunch", "ledger/old/deep", null));
      assertTrue(moved.contains("is a link now"), moved);

      TakenFiles out = light.control().restoreFiles("lunch", "ledger/lines", back.toString());
      assertEquals(List.of(back + "/lines"), out.added());
      assertEquals("kept\n", Files.readString(back.resolve("lines")));
      String nowhere =
          refusal(() -> light.control().restoreFiles("lunch", "ledger/lines", back + "/no"));
      assertTrue(nowhere.contains("there is no folder " + back + "/no"), nowhere);
    }
  }
}
