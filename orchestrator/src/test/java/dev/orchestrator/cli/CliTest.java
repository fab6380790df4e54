package dev.orchestrator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.api.ApiServer;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.BackupReport;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.stack.ReloadReport;
import dev.orchestrator.testing.CommandRunner;
import dev.orchestrator.testing.CommandRunner.Result;
import dev.orchestrator.testing.FakeControl;
import dev.orchestrator.testing.FakeStacks;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands against a real API: what they print, and with what they exit. */
@Timeout(30)
final class CliTest {
  private static Vertx vertx;

  @TempDir Path folder;
  private final FakeControl control = new FakeControl();
  private final FakeStacks stacks = FakeStacks.of(control);
  private CommandRunner commands;
  private ApiServer server;

  @BeforeAll
  static void startVertx() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stopVertx() {
    vertx.close().await();
  }

  @BeforeEach
  void start() throws IOException {
    commands = new CommandRunner(folder);
    server = ApiServer.start(vertx, stacks, new ApiSettings("127.0.0.1", 0), commands.home);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "|a command is missing",
        "fly|Unmatched argument",
        "upgrade|Missing required parameter",
        "upgrade v2 v3|Unmatched argument",
        "upgrade ../v2|letters, digits",
        "logs --tail many|--tail",
        "logs --tail 0|from 1 to 10000",
        "serve --detach --stop|mutually exclusive",
        "snapshot|say what to do: create, list, show, prove, restore, diff, delete, prune",
        "snapshot prove|name the snapshots to prove, or say --all",
        "snapshot prove a --all|name the snapshots to prove, or say --all",
        "snapshot prove --all --detach|several are proven one after the other",
        "snapshot fly|Unmatched argument",
        "snapshot show|Missing required parameter",
        "snapshot delete|Missing required parameter",
        "snapshot create a b|Unmatched argument",
        "snapshot diff|Missing required parameter",
        "snapshot diff a b c|Unmatched argument",
        "snapshot restore a --to /x|--to needs --file",
        "snapshot restore a --file b/c --detach|not for a single file",
        "snapshot create ../x|letters, digits",
        "backup|say what to do: run, list, restore, check, forget, prove",
        "backup fly|Unmatched argument",
        "backup restore|Missing required parameter",
        "backup run nightly|Unmatched argument",
        "backup run --snapshot ../x|letters, digits",
        "backup restore xyz|is no id of a backup",
        "backup check --read many|--read",
        "backup check --read 101|from 0 to 100",
        "backup prove 12|is no id of a backup",
        "rehearse|Missing required parameter",
        "rehearse v2 v3|Unmatched argument",
        "drill|Missing required parameter",
        "drill v2 v3|Unmatched argument",
        "drill ../v2|letters, digits",
        "drill v2 --steps fly|no step fly in an upgrade: hold",
      })
  void wrongUsageIsTwo(String arguments, String part) {
    Result result = run(arguments);
    assertEquals(ExitCode.USAGE, result.exitCode());
    assertOneLine(result, part);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "upgrade x9|unknown version x9",
        "upgrade x9 --plan|unknown version x9",
        "show u99|no run u99",
        "watch u99|no run u99",
        "watch|nothing runs at present",
        "snapshot show x9|no snapshot x9",
        "snapshot restore x9|no snapshot x9",
        "snapshot delete x9|no snapshot x9",
        "snapshot prove x9|no snapshot x9",
        "snapshot diff x9|no snapshot x9",
        "snapshot diff nightly x9|no snapshot x9",
        "rehearse x9|unknown version x9",
        "drill x9|unknown version x9",
        "drill v1|v1 is the version that serves: nothing to rehearse",
        "status --config /nowhere.conf|/nowhere.conf",
      })
  void refusalIsThree(String arguments, String part) {
    Result result = run(arguments);
    assertEquals(ExitCode.REFUSED, result.exitCode());
    assertOneLine(result, part);
  }

  @Test
  void damagedConfigurationIsRefusedWithItsLine() throws IOException {
    Files.writeString(commands.config, "home = home\napi {\n");
    Result result = run("status");
    assertEquals(ExitCode.REFUSED, result.exitCode());
    assertOneLine(result, "orchestrator.conf: 3");
  }

  @Test
  void serviceThatDoesNotRunIsSix() {
    server.close();
    Result result = run("status");
    assertEquals(ExitCode.UNREACHABLE, result.exitCode());
    assertEquals(
        "error: the service isn't running (tried 127.0.0.1:1):"
            + " start it with 'orchestrator serve --detach'\n",
        result.err());
  }

  @Test
  void noDrillWithoutAServiceNorBesideARun() {
    control.publish("prepare", "intent", "", 0);
    Result beside = run("drill v2");
    assertEquals(ExitCode.REFUSED, beside.exitCode());
    assertOneLine(beside, "u7 is under way");
    server.close();
    Result alone = run("drill v2");
    assertEquals(ExitCode.UNREACHABLE, alone.exitCode());
    assertOneLine(alone, "the service isn't running");
  }

  @Test
  void serviceThatWasKilledIsSixToo() throws IOException {
    String address = server.address();
    server.close();
    Files.writeString(commands.home.resolve("api"), address);
    Result result = run("upgrade v2");
    assertEquals(ExitCode.UNREACHABLE, result.exitCode());
    assertOneLine(result, "tried " + address);
  }

  @Test
  void wrongTokenIsRefused() throws IOException {
    Files.writeString(commands.home.resolve("token"), "0".repeat(64));
    Result result = run("down");
    assertEquals(ExitCode.REFUSED, result.exitCode());
    assertOneLine(result, "refused the token");
    assertEquals(List.of(), control.calls());
  }

  @Test
  void unexpectedErrorNamesTheLog() {
    Result result = run("rollback");
    assertEquals(ExitCode.INTERNAL, result.exitCode());
    assertOneLine(result, "orchestrator.log");
  }

  @Test
  void answerOfAnotherProgramIsToldApart() throws IOException {
    Files.writeString(commands.home.resolve("api"), server.address() + "/v1/health?");
    Result result = run("history");
    assertEquals(ExitCode.INTERNAL, result.exitCode());
    assertOneLine(result, "client.log");
    assertTrue(Files.readString(commands.home.resolve("client.log")).contains("\tat "));
  }

  @Test
  void statusIsReadableAndComplete() {
    String text = run("status").out();
    for (String part : List.of("● demo: serving, v1", "demo-g1", "db", "healthy", "8080")) {
      assertTrue(text.contains(part), text);
    }
  }

  @Test
  void theProjectThatAStackWasMadeOfIsNamedWithTheWayToIt() {
    control.original = new Status.Original("photos", false, "stopped", "");
    String adopted = run("status").out();
    assertTrue(
        adopted.contains(
            "  original  project photos, stopped: 'orchestrator adopt --undo' goes back to it\n"),
        adopted);
    control.original = new Status.Original("photos", true, "running", "v1 has rows");
    String undone = run("status").out();
    assertTrue(
        undone.contains(
            "  original  project photos, running: 'orchestrator adopt photos --stack demo' adopts"
                + " it again\n"
                + "  apart     v1 has rows\n"),
        undone);
  }

  @Test
  void jsonIsTheAnswerOfTheApi() {
    assertEquals(control.status(), Json.read(run("status --json").out(), Status.class));
    for (String command : List.of("history --json", "show u7 --json", "versions --json")) {
      assertTrue(run(command).out().startsWith(command.startsWith("show") ? "{" : "[ {"));
    }
  }

  @Test
  void tablesAndPlan() {
    assertTrue(run("versions").out().contains("quarantined   verify: db is unhealthy"));
    assertTrue(run("history").out().startsWith("ID   KIND"));
    assertTrue(run("show u7").out().contains("longest 6.1 s"));
    assertTrue(run("upgrade v2 --plan").out().contains("hold   new connections wait"));
    assertEquals(List.of(), control.calls());
    assertEquals("db 5\n", run("logs db --tail 5").out());
  }

  @Test
  void aPlanSaysHowTheDataGoesAndWhatToLookOutFor() {
    String text = run("upgrade v2 --plan").out();
    for (String part :
        List.of(
            "data     overlay   2.4 GB   0 B     80.0 GB on ext2/ext3   a layer over v1's data",
            "quiesce: stop: services in order",
            "warning: service app keeps 1.2 MB in /var/lib/app")) {
      assertTrue(text.contains(part), text);
    }
  }

  @Test
  void optionsOfTheDataReachTheService() {
    assertEquals("u7\n", run("upgrade v2 --detach --verify full --allow-attach").out());
    String unused = " --accept-unused db --accept-unused ./spool";
    assertEquals("u7\n", run("upgrade v2 --detach" + unused).out());
    assertEquals(
        List.of("upgrade v2 full attach", "upgrade v2 unused [db, ./spool]"), control.calls());
    assertTrue(run("upgrade v2 --plan" + unused).out().contains("db, ./spool may go unused"));
    assertEquals(ExitCode.USAGE, run("upgrade v2 --verify all").exitCode());
    assertEquals(ExitCode.USAGE, run("rollback --data keep").exitCode());
  }

  @Test
  void snapshotsAreMadeListedRestoredAndDeleted() {
    control.end(UpgradeRecord.Outcome.DONE, "");
    assertEquals(0, run("snapshot create lunch --stop").exitCode());
    assertEquals("u7\n", run("snapshot create --detach").out());
    assertEquals("u7\n", run("snapshot restore nightly --detach").out());
    assertEquals("u7\n", run("snapshot prove nightly --detach").out());
    assertEquals("nightly deleted\n", run("snapshot delete nightly").out());
    assertEquals("nightly would be deleted\n", run("snapshot prune --plan").out());
    assertEquals("nightly deleted\n", run("snapshot prune").out());
    assertEquals(
        List.of(
            "snapshot lunch STOP MANUAL",
            "snapshot null null MANUAL",
            "restore snapshot nightly",
            "prove snapshot nightly",
            "delete snapshot nightly",
            "prune snapshots plan",
            "prune snapshots"),
        control.calls());
    for (String part :
        List.of("NAME", "nightly", "v1", "2.4 GB", "400.0 MB", "schedule", "FAILED 2026-11-23")) {
      assertTrue(run("snapshot list").out().contains(part), run("snapshot list").out());
    }
    assertTrue(
        run("snapshot show nightly").out().contains("clients waited 412 ms at most"),
        run("snapshot show nightly").out());
    for (String command :
        List.of(
            "snapshot list",
            "snapshot show nightly",
            "snapshot delete nightly",
            "snapshot create nightly",
            "snapshot restore nightly",
            "snapshot prove nightly",
            "snapshot prove --all",
            "snapshot prune")) {
      String out = run(command + " --json --stack demo").out();
      assertTrue(out.contains(command.contains("restore") ? "u7" : "nightly"), out);
      assertTrue(out.startsWith("{") || out.startsWith("["), command + ": " + out);
    }
  }

  @Test
  void aSingleFileIsRestoredAndNamed() {
    String out = run("snapshot restore nightly --file db/a.txt").out();
    assertEquals("replaced db/a.txt\n1.2 kB of snapshot nightly: 1 replaced, 0 new\n", out);
    String _ = run("snapshot restore nightly --file ./conf --to back --json").out();
    assertEquals(
        List.of(
            "restore db/a.txt of nightly to null",
            "restore ./conf of nightly to " + Path.of("back").toAbsolutePath()),
        control.calls());
  }

  @Test
  void aComparisonNamesFilesAndTables() {
    String out = run("snapshot diff nightly").out();
    for (String part :
        List.of(
            "from snapshot nightly to what serves",
            "data: 12 (3.4 MB) added, 2 (1.0 kB) changed, 0 (0 B) removed",
            "  ~ ./conf/b",
            "  … and 12 more",
            "media: both have this one",
            "shop.orders   1200   1166")) {
      assertTrue(out.contains(part), part + " in " + out);
    }
    assertTrue(run("snapshot diff nightly nightly").out().contains("to snapshot nightly"));
    assertTrue(run("snapshot diff nightly --json").out().startsWith("{"));
  }

  @Test
  void backupsAreMadeListedRestoredCheckedAndRemoved() {
    Result made = run("backup run");
    assertEquals(0, made.exitCode());
    assertEquals("snapshot v1-x made\nbackup 1a2b3c4d of v1-x\n", made.out());
    assertEquals("b1\n", run("backup run --snapshot nightly --detach").out());
    assertEquals(0, run("backup restore latest").exitCode());
    assertEquals(0, run("backup restore 1a2b --to /tmp/x").exitCode());
    assertEquals(0, run("backup restore 1A2B --snapshot-only").exitCode());
    assertEquals(0, run("backup check --read 5").exitCode());
    assertEquals(0, run("backup forget --plan").exitCode());
    assertEquals(0, run("backup forget 1a2b 3c4d").exitCode());
    assertEquals(0, run("backup prove").exitCode());
    assertEquals(
        List.of(
            "backup Run[snapshot=null, ifRequired=false]",
            "backup Run[snapshot=nightly, ifRequired=false]",
            "backup Restore[backup=latest, folder=null, only=false]",
            "backup Restore[backup=1a2b, folder=/tmp/x, only=false]",
            "backup Restore[backup=1A2B, folder=null, only=true]",
            "backup Check[percent=5]",
            "backup Forget[backups=[], plan=true]",
            "backup Forget[backups=[1a2b, 3c4d], plan=false]",
            "backup Prove[backup=latest]"),
        control.calls());
    String list = run("backup list").out();
    for (String part :
        List.of("ID", "1a2b3c4d", "v1", "nightly", "host-a", "last backup 2 h ago")) {
      assertTrue(list.contains(part), list);
    }
    for (String command : List.of("backup run", "backup list", "backup prove", "backup check")) {
      String out = run(command + " --json --stack demo").out();
      assertTrue(out.startsWith("{") && out.contains("1a2b3c4d"), out);
    }
  }

  @Test
  void aBackupThatFailedIsInTheExitCodes() {
    control.backupFailure = "backing demo up in sftp:host:/backups: it has another password";
    Result failed = run("backup run");
    assertEquals(ExitCode.NEEDS_ATTENTION, failed.exitCode());
    assertEquals(
        "error: backup run: backing demo up in sftp:host:/backups: it has another password\n",
        failed.err());

    control.backupHealth =
        new BackupReport.Health(
            "sftp:host:/backups",
            "failed",
            "the backup 5 min 00 s ago failed: x",
            "",
            null,
            null,
            true);
    assertEquals(ExitCode.NEEDS_ATTENTION, run("backup list").exitCode());
    String status = run("status").out();
    assertTrue(status.contains("  backups   the backup 5 min 00 s ago failed: x"), status);
  }

  @Test
  void anUpgradeThatNeedsABackupMakesOneFirst() {
    control.end(UpgradeRecord.Outcome.DONE, "");
    control.backupRequired = true;

    assertEquals(0, run("upgrade v2").exitCode());
    assertEquals(
        List.of("backup Run[snapshot=null, ifRequired=true]", "upgrade v2"), control.calls());

    control.backupFailure = "it can't be reached";
    Result failed = run("upgrade v2");
    assertEquals(ExitCode.NEEDS_ATTENTION, failed.exitCode());
    assertTrue(failed.err().contains("it can't be reached"), failed.err());
    assertEquals(3, control.calls().size(), "no upgrade");
  }

  @Test
  void proofsTellWhatTheyHaveFoundAndEndWithTheWorstCode() {
    control.end(UpgradeRecord.Outcome.ROLLED_BACK, "verify: db is unhealthy");
    for (String which : List.of("nightly", "--all", "nightly nightly")) {
      Result result = run("snapshot prove " + which);
      assertEquals(ExitCode.ROLLED_BACK, result.exitCode(), result.err());
      assertTrue(result.out().contains("nightly FAILED: verify: db is unhealthy"), result.out());
    }
    Result result = run("snapshot prove x9 nightly");
    assertEquals(ExitCode.ROLLED_BACK, result.exitCode());
    assertTrue(result.err().startsWith("error: x9: there is no snapshot x9"), result.err());
    assertTrue(result.out().contains("nightly FAILED"), "the others are proven: " + result.out());
  }

  @Test
  void aRollbackSaysWhatItCostsAndAsks() {
    control.end(UpgradeRecord.Outcome.DONE, "");
    Result result = commands.answers("perhaps\nrestore\n").run("rollback");
    assertEquals(0, result.exitCode(), result.err());
    for (String part :
        List.of(
            "rollback: v2 → v1 (generation 1)",
            "data       12 files changed or new, 3.4 MB; 1 deleted",
            "media      both versions have this one",
            "shop.orders   db        1,200          +34",
            "carry, restore or no")) {
      assertTrue(result.out().contains(part), result.out());
    }
    assertEquals(List.of("rollback RESTORE"), control.calls());
  }

  @Test
  void aRollbackThatIsNotConfirmedDoesNotBegin() {
    assertEquals(ExitCode.REFUSED, commands.answers("no\n").run("rollback").exitCode());
    assertEquals(ExitCode.REFUSED, commands.answers("?\n").run("rollback").exitCode());
    assertEquals(0, run("rollback --plan").exitCode());
    assertEquals(List.of(), control.calls());
  }

  @Test
  void inAScriptTheFlagDecides() {
    control.end(UpgradeRecord.Outcome.DONE, "");
    assertEquals(0, run("rollback --data carry").exitCode());
    assertEquals(List.of("rollback CARRY"), control.calls());
  }

  @Test
  void doctorPrintsItsChecksAndExitsWithFive() {
    Result result = run("doctor");
    assertEquals(ExitCode.NEEDS_ATTENTION, result.exitCode());
    for (String part :
        List.of(
            "✓ engine          Docker 20.10",
            "✗ way back        volumes are gone: x (put a copy back)",
            "app       /opt/app   1.2 MB   services.app.volumes: [x]")) {
      assertTrue(result.out().contains(part), result.out());
    }
    assertTrue(run("doctor --json").out().startsWith("{"));
  }

  @Test
  void requestsReachTheService() {
    assertEquals("u7\n", run("upgrade v2 --detach").out());
    assertTrue(run("up v1").out().contains("serves already"));
    assertEquals(0, run("down --volumes").exitCode());
    assertEquals(List.of("upgrade v2", "up v1", "down VOLUMES"), control.calls());
  }

  @Test
  void aCommandNamesItsStackWhereThereAreSeveral() {
    FakeControl shop = new FakeControl();
    stacks.with("shop", shop);
    Result unnamed = run("status");
    assertEquals(ExitCode.REFUSED, unnamed.exitCode());
    assertOneLine(unnamed, "several stacks (demo, shop): say which with --stack NAME");
    assertEquals("u7\n", run("upgrade v2 --detach --stack shop").out());
    assertEquals("u7\n", run("-s shop upgrade v2 --detach").out());
    assertEquals(0, commands.with("ORCHESTRATOR_STACK", "shop").run("down").exitCode());
    assertEquals(List.of("upgrade v2", "upgrade v2", "down NOTHING"), shop.calls());
    assertEquals(List.of(), control.calls());
    assertOneLine(run("status -s blog"), "there is no stack blog");
  }

  @Test
  void aProjectIsAdoptedUnderItsOwnNameOrAnother() {
    assertEquals(
        """
        PROJECT   STATE     SERVICES   FOLDER        FILES
        blog      stopped   app        not known     not known
        photos    running   db web     /srv/photos   compose.yaml prod.yaml
        """,
        run("adopt --list").out());
    assertEquals("stack photos: /stacks/photos\nu7\n", run("adopt photos --detach").out());
    assertEquals("stack pics: /stacks/pics\nu7\n", run("adopt photos --stack pics --detach").out());
    assertOneLine(run("adopt --undo -s demo"), "since its adoption is removed with it: --yes says");
    assertEquals(
        """
        undo of the adoption: v2 → project photos, with its data as of %s
        what was written to the stack since is removed with it:
          data       removed with the stack

        TABLE         SERVICE   ROWS (ABOUT)   SINCE THE SWITCH
        shop.orders   db        1,200          +34
        """
            .formatted(HumanText.when(FakeControl.START)),
        run("adopt --undo --plan -s demo").out());
    assertEquals(List.of(), control.calls());
    assertEquals("u7\n", run("adopt --undo --yes --stack demo --detach").out());
    assertEquals(List.of("undo adopt"), control.calls());
    assertTrue(run("init /srv/new --stack new").out().startsWith("stack new: /stacks/new;"));
    assertOneLine(run("adopt blog --plan"), "there is no project blog");
    assertEquals(ExitCode.USAGE, run("adopt").exitCode());
    assertEquals(ExitCode.USAGE, run("adopt photos --undo").exitCode());
  }

  @Test
  void stacksAreATable() {
    stacks.with("shop", new FakeControl());
    List<String> lines = run("stacks").out().lines().toList();
    assertTrue(lines.get(0).startsWith("STACK   VERSION   STATE"), lines.toString());
    assertTrue(lines.get(1).startsWith("demo    v1        serving   healthy"), lines.toString());
    assertTrue(lines.get(2).startsWith("shop    v1        serving   healthy"), lines.toString());
    assertTrue(run("stacks --json").out().startsWith("[ {"));
  }

  @Test
  void aReloadSaysWhatBecameOfEachStack() {
    stacks.reloads(
        new ReloadReport(
            List.of(
                new ReloadReport.Entry("blog", "added", ""),
                new ReloadReport.Entry("shop", "refused", "stack.conf:3: routes: is a number")),
            List.of()));
    Result result = run("reload");
    assertEquals(ExitCode.REFUSED, result.exitCode());
    assertEquals("blog: added\nshop: refused\n  stack.conf:3: routes: is a number\n", result.out());
    stacks.reloads(new ReloadReport(List.of(), List.of("limits has changed")));
    assertEquals(new Result(ExitCode.DONE, "limits has changed\n", ""), run("reload"));
  }

  @Test
  void aMoveIsToAnEngineOrDone() {
    assertEquals(ExitCode.DONE, run("move --to ssh://root@host --detach").exitCode());
    assertEquals(ExitCode.DONE, run("move --done --now").exitCode());
    assertTrue(
        control.calls().containsAll(List.of("move to ssh://root@host", "move done now")),
        control.calls().toString());
    for (String wrong : List.of("move", "move --done --to lab", "move --to lab --now")) {
      Result result = run(wrong);
      assertEquals(ExitCode.USAGE, result.exitCode());
      assertTrue(result.err().contains("say --to ENGINE, or --done"), result.err());
    }
  }

  @Test
  void thePlanOfAMoveTellsWhatItWouldBeRefusedForByItsExitCodeToo() {
    Result good = run("move --plan --to ssh://root@host");
    assertEquals(ExitCode.DONE, good.exitCode());
    for (String words :
        List.of(
            "move of demo: v1 → v1",
            "engine: Docker 26.1.5 (API 1.45) on linux/amd64 at ssh://root@host",
            "sent: the base image, orchestrator/base:1, nothing, it is there",
            "sent: the capsule's image of v1, at most 210.0 MB",
            "ports: db:3306, web:80, published on 192.0.2.7 with numbers from 20000 on",
            "clients wait: about 3.2 s",
            "warning: somebody listens there",
            "nothing speaks against it")) {
      assertTrue(good.out().contains(words), words + " in " + good.out());
    }
    Result refused = run("move --plan --to ssh://root@small");
    assertEquals(ExitCode.REFUSED, refused.exitCode());
    assertTrue(
        refused.out().contains("refused: not enough space\nrefused: another architecture\n"),
        refused.out());
    assertTrue(control.calls().stream().noneMatch(call -> call.startsWith("move")));
    assertEquals(ExitCode.USAGE, run("move --plan --done").exitCode());
  }

  @Test
  void aRollbackFromALostHostIsAskedForByItsFlagAlone() {
    control.end(UpgradeRecord.Outcome.DONE, "");
    Result result = run("rollback --lost");
    assertEquals(ExitCode.DONE, result.exitCode(), result.err());
    assertTrue(control.calls().contains("rollback from a lost host"), control.calls().toString());
    for (String wrong : List.of("rollback --lost --data carry", "rollback --lost --plan")) {
      assertEquals(ExitCode.USAGE, run(wrong).exitCode(), wrong);
    }
  }

  @Test
  void whatWasMovedHereIsTakenOver() {
    Result taken = run("import --attach shop-1a2b-g7");
    assertEquals(
        new Result(
            ExitCode.DONE,
            "stack shop serves here as it did: its settings are in /stacks/shop\n",
            ""),
        taken);
    Result none = run("import --attach nothing");
    assertEquals(ExitCode.REFUSED, none.exitCode());
    assertTrue(none.err().contains("no capsule nothing runs on this engine"), none.err());
  }

  @Test
  void anUpgradeIsRehearsedAloneOrNotAtAll() {
    Result rehearsed = run("rehearse v2 --detach");
    assertEquals(0, rehearsed.exitCode(), rehearsed.err());
    assertEquals("u7", rehearsed.out().strip());
    assertEquals(0, run("upgrade v2 --detach --no-rehearse").exitCode());
    assertTrue(
        control.calls().containsAll(List.of("rehearse v2", "upgrade v2 rehearsal OFF")),
        control.calls().toString());
  }

  @ParameterizedTest
  @CsvSource({"--help", "upgrade --help", "serve --help"})
  void helpListsTheExitCodes(String arguments) {
    Result result = run(arguments);
    assertEquals(0, result.exitCode());
    assertTrue(result.out().contains("4     failed and rolled back"), result.out());
    assertTrue(result.out().contains("--config"), result.out());
  }

  @Test
  void helpDescribesEachCommandInOneLine() {
    List<String> help = run("--help").out().lines().toList();
    int first = help.indexOf("Commands:") + 1;
    List<String> described = help.subList(first, help.indexOf("Exit codes:"));
    assertEquals(28, described.stream().filter(line -> !line.isBlank()).count(), "commands");
    for (String line : described) {
      assertTrue(line.isBlank() || line.matches("  [a-z]+ +[A-Z].*[^.]\\."), line);
    }
  }

  private Result run(String arguments) {
    return commands.run(arguments == null ? new String[0] : arguments.split(" ", -1));
  }

  private static void assertOneLine(Result result, String part) {
    assertEquals("", result.out());
    assertEquals(1, result.err().lines().count(), result.err());
    assertTrue(result.err().startsWith("error: "), result.err());
    assertTrue(result.err().contains(part), result.err());
    assertFalse(result.err().contains("Exception"), result.err());
  }
}
