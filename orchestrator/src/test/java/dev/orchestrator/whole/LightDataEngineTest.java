package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.Json;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.DoctorReport;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.Hook;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.VolumeImport;
import dev.orchestrator.testing.LightLoad;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.VolumeInspector;
import dev.orchestrator.upgrade.DataChanges;
import dev.orchestrator.upgrade.DataOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How the data goes from version to version and back, on a real engine, with clients that write to
 * a file and to an SQLite database all the time.
 */
@Tag("engine")
@Rotates
class LightDataEngineTest {

  private static final String HOST_VOLUME =
      "data-test-" + UUID.randomUUID().toString().substring(0, 8);

  @TempDir Path directory;

  private static DataSettings data(Strategy strategy, Quiesce quiesce) {
    return new DataSettings(strategy, quiesce, 100_000_000);
  }

  private LightServiceFixture light(DataSettings data) {
    return new LightServiceFixture(LightStackFixture.in(directory), LightStackFixture.with(data));
  }

  private static Receipt awaitOutcome(LightServiceFixture light, String run, Outcome outcome)
      throws InterruptedException {
    Receipt receipt = light.await(run);
    System.out.println(Json.write(receipt));
    assertEquals(outcome, receipt.upgrade().outcome(), receipt.upgrade().reason());
    return receipt;
  }

  private static void assertServes(LightServiceFixture light, String version) {
    assertNotNull(light.control().status().serving());
    assertEquals(version, light.control().status().serving().version());
  }

  @Test
  void clonedForwardAndBackWithoutLosingAnAcknowledgedWrite() throws Exception {
    try (LightServiceFixture light = light(data(Strategy.CLONE, Quiesce.STOP))) {
      awaitOutcome(light, light.control().up("v1"), Outcome.DONE);
      VolumeInspector look = new VolumeInspector(light.engine());
      String blue = light.container(1) + "-data";
      List<String> before = new ArrayList<>();
      try (LightLoad lines = new LightLoad(light, "/lines");
          LightLoad rows = new LightLoad(light, "/rows")) {
        Receipt upgrade =
            light.await(
                light.control().upgrade("v2"),
                event -> {
                  if (event.step().equals("sync") && event.phase().equals("done")) {
                    before.addAll(look.listEntries(blue));
                  }
                });
        assertEquals(Outcome.DONE, upgrade.upgrade().outcome(), upgrade.upgrade().reason());
        assertServes(light, "v2");
        awaitOutcome(light, light.control().upgrade("v3"), Outcome.ROLLED_BACK);
        assertServes(light, "v2");
        assertTrue(before.size() >= 5, before.toString());
        assertEquals(before, look.listEntries(blue), "what is below a clone");
        awaitOutcome(
            light, light.control().rollback(DataOptions.forRollback(Rollback.CARRY)), Outcome.DONE);
        assertServes(light, "v1");
        assertEquals(before, look.listEntries(blue), "what is below a clone of a clone");
        rows.assertComplete("rows");
        lines.assertComplete("lines");
        assertEquals("ok\n", light.get("/check"));
      }
    }
  }

  /**
   * What goes into a copy, and what is left out. v2's own file is as long as v1's, and the times of
   * a release's files are all the same: a copy that knows files by these takes the wrong one.
   */
  @Test
  void aCopyHasTheDataAndNothingElse() throws Exception {
    LightStackFixture stack = LightStackFixture.in(directory);
    DataSettings copied = data(Strategy.COPY, Quiesce.STOP);
    try (LightServiceFixture light =
        new LightServiceFixture(
            stack,
            LightStackFixture.with(importing(copied, new VolumeImport("old", HOST_VOLUME))))) {
      for (String version : List.of("v1", "v2")) {
        writeRelease(stack, version);
      }
      VolumeInspector look = new VolumeInspector(light.engine());
      light.engine().createVolume(HOST_VOLUME, Labels.role("test"));
      try {
        look.runWriting(HOST_VOLUME, "echo from the host > /look/file; chown 7:8 /look/file");
        awaitOutcome(light, light.control().up("v1"), Outcome.DONE);
        assertEquals(
            "from the host\n7:8\n", inLedger(light, 1, "cat /old/file; stat -c %u:%g /old/file"));
        inLedger(light, 1, "echo and more >> /old/file");
        look.runWriting(HOST_VOLUME, "echo later > /look/file");
        inLedger(light, 1, "printf CONF | dd of=/conf/app.conf conv=notrunc status=none");
        inLedger(light, 1, "touch -d @0 /conf/app.conf; chmod 640 /conf/app.conf");
        inLedger(light, 1, "echo of v1 > /own/file");

        Receipt refused = awaitOutcome(light, light.control().upgrade("v2"), Outcome.REFUSED);
        assertTrue(
            refused.upgrade().reason().startsWith("v2 does not mount what v1 keeps: ./own-v1 ("),
            refused.upgrade().reason());
        DataOptions accepted = new DataOptions(null, false, false, List.of("./own-v1"));
        assertTrue(light.control().plan("v2", accepted).data().getFirst().lastPassMillis() >= 300);
        Receipt upgrade =
            awaitOutcome(light, light.control().upgrade("v2", accepted), Outcome.DONE);
        String killed =
            "v1: killed, as it did not stop within the grace time (stop_grace_period): stubborn";
        assertTrue(upgrade.notes().contains(killed), upgrade.notes().toString());
        String notRun =
            "hook after in service stubborn (true): not run, as there is no such service in "
                + light.container(2);
        assertTrue(upgrade.notes().contains(notRun), upgrade.notes().toString());

        assertEquals(
            "CONF of v1\n640 0\n",
            inLedger(light, 2, "cat /conf/app.conf; stat -c '%a %Y' /conf/app.conf"));
        assertEquals("from the host\nand more\n", inLedger(light, 2, "cat /old/file"));
        assertEquals("", inLedger(light, 2, "ls /own"));
        String volume = light.container(2) + "-data";
        assertEquals("of v1\n", look.runReading(volume, "cat /look/binds/own-v1/file"));
        assertEquals(
            "no\n",
            look.runReading(volume, "test -e /look/.orchestrator/fresh && echo yes || echo no"),
            "nothing is left of what was put aside");
      } finally {
        light.engine().removeVolume(HOST_VOLUME);
      }
    }
  }

  private static void writeRelease(LightStackFixture stack, String version) throws IOException {
    Path release = stack.folder().resolve("releases").resolve(version);
    Files.createDirectories(release.resolve("conf"));
    Files.writeString(release.resolve("conf/app.conf"), "conf of " + version + "\n");
    Path compose = release.resolve("compose.yaml");
    Files.writeString(
        compose,
        Files.readString(compose)
                .replace(
                    "- ledger:/var/lib/ledger",
                    "- ledger:/var/lib/ledger\n"
                        + "      - ./conf:/conf\n"
                        + "      - old:/old\n"
                        + "      - ./own-"
                        + version
                        + ":/own")
                .replace(
                    "  greeter:\n",
                    version.equals("v2")
                        ? "  greeter:\n"
                        : """
                          stubborn:
                            build: ../../images/greeter
                            entrypoint: [perl, -e, "$$SIG{TERM} = 'IGNORE'; sleep 1 while 1"]
                            stop_grace_period: 1s

                          greeter:
                        """)
            + "  old: {external: true, name: "
            + HOST_VOLUME
            + "}\n");
  }

  private static DataSettings importing(DataSettings data, VolumeImport volume) {
    return new DataSettings(
        data.strategy(),
        data.quiesce(),
        data.services(),
        List.of(new Hook("stubborn", Hook.When.AFTER, List.of("true"), Duration.ofHours(1))),
        data.reserve(),
        data.full(),
        data.passes(),
        data.small(),
        data.allowAttach(),
        data.rollback(),
        data.ignore(),
        data.acceptUnused(),
        List.of(volume),
        data.volumes());
  }

  private static String inLedger(LightServiceFixture light, int generation, String script) {
    ExecResult result =
        light
            .engine()
            .exec(
                light.container(generation),
                List.of("capsule", "exec", "ledger", "sh", "-euc", script),
                Duration.ofSeconds(30));
    assertTrue(result.ok(), result.stderr());
    return result.stdout();
  }

  @Test
  void aHoldThatTakesTooLongGivesClientsBackWithoutLosingAnAcknowledgedWrite() throws Exception {
    try (LightServiceFixture light =
        new LightServiceFixture(
            LightStackFixture.in(directory),
            LightStackFixture.changed(LightDataEngineTest::shortHold))) {
      awaitOutcome(light, light.control().up("v1"), Outcome.DONE);
      try (LightLoad lines = new LightLoad(light, "/lines");
          LightLoad rows = new LightLoad(light, "/rows")) {
        Receipt receipt = awaitOutcome(light, light.control().upgrade("v2"), Outcome.ROLLED_BACK);
        assertTrue(
            receipt.upgrade().reason().contains("the hold budget ran out"),
            receipt.upgrade().reason());
        assertServes(light, "v1");
        rows.assertComplete("rows");
        lines.assertComplete("lines");
        assertEquals("ok\n", light.get("/check"));
      }
    }
  }

  /** Less than the services of the light stack take to start. */
  private static StackSettings shortHold(StackSettings s) {
    UpgradeSettings u = s.upgrade();
    UpgradeSettings shorter =
        new UpgradeSettings(
            u.build(),
            u.ready(),
            u.preSync(),
            Duration.ofMillis(1500),
            u.drain(),
            u.bake(),
            u.verify(),
            u.keep());
    return new StackSettings(s.name(), s.folder(), s.routes(), s.probes(), shorter, s.data());
  }

  /** What a rollback would cost, and what the doctor says of a file outside the volumes. */
  private static void assertCostAndDoctorTellIt(LightServiceFixture light)
      throws IOException, InterruptedException {
    assertEquals("written\n", light.post("0"));
    DataChanges.Volume data = light.control().rollbackCost().volumes().getFirst();
    assertEquals(light.container(2) + "-data", data.volume());
    assertTrue(data.files() > 0 && data.bytes() > 0 && data.note().isEmpty(), data.toString());

    ExecResult written =
        light
            .engine()
            .exec(
                light.container(2),
                List.of(
                    "capsule",
                    "exec",
                    "ledger",
                    "sh",
                    "-c",
                    "mkdir /opt/kept; head -c 50000 /dev/zero > /opt/kept/state; echo >"
                        + " /tmp/no-loss"),
                Duration.ofSeconds(30));
    assertTrue(written.ok(), written.stderr());
    DoctorReport doctor = light.control().doctor();
    assertTrue(
        doctor.checks().stream().noneMatch(check -> check.state() == DoctorReport.State.BAD),
        doctor.toString());
    assertEquals(
        List.of("ledger /opt/kept"),
        doctor.outside().stream().map(each -> each.service() + " " + each.folder()).toList());
    assertTrue(doctor.outside().getFirst().bytes() >= 50_000, doctor.toString());
  }

  @Test
  void goingBackToTheSwitchSetsTheNewerDataAside() throws Exception {
    try (LightServiceFixture light = light(data(Strategy.CLONE, Quiesce.STOP))) {
      awaitOutcome(light, light.control().up("v1"), Outcome.DONE);
      Set<Integer> atSwitch = new TreeSet<>();
      try (LightLoad lines = new LightLoad(light, "/lines")) {
        Receipt upgrade =
            light.await(
                light.control().upgrade("v2"),
                event -> {
                  if (event.step().equals("quiesce") && event.phase().equals("done")) {
                    atSwitch.addAll(lines.acknowledged());
                  }
                });
        assertEquals(Outcome.DONE, upgrade.upgrade().outcome(), upgrade.upgrade().reason());
        assertCostAndDoctorTellIt(light);
        Receipt back =
            awaitOutcome(
                light,
                light.control().rollback(DataOptions.forRollback(Rollback.RESTORE)),
                Outcome.DONE);
        assertServes(light, "v1");
        lines.stopWriting();
        Set<Integer> missing = new TreeSet<>(atSwitch);
        missing.removeAll(lines.readNumbers());
        assertEquals(Set.of(), missing, "of before the switch");
        String aside = light.container(2) + "-data";
        assertTrue(back.notes().toString().contains(aside), back.notes().toString());
        Set<Integer> all = new TreeSet<>(lines.readNumbers());
        all.addAll(
            LightLoad.parseNumbers(
                new VolumeInspector(light.engine())
                    .runReading(aside, "cat /look/upper/volumes/ledger/lines")));
        Set<Integer> lost = lines.acknowledged();
        lost.removeAll(all);
        assertEquals(Set.of(), lost, "neither there nor set aside");
      }
    }
  }
}
