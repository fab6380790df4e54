package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.ChangedFile;
import dev.orchestrator.capsule.FilesReport;
import dev.orchestrator.capsule.SeededFiles;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.ReleaseFiles;
import dev.orchestrator.compose.ReleaseFiles.Entry;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Plan;
import dev.orchestrator.settings.FileSettings.Policy;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a plan tells of the release's files in the data, and what a run does with them, on a host in
 * memory. The capsule's own rule is in ReleaseFilesScriptEngineTest.
 */
class FilePlannerTest {
  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private final FakeHost host = new FakeHost();
  private final List<Entry> next = new ArrayList<>(List.of(entry("", "folder")));
  private final Map<String, String> found = new HashMap<>(Map.of("/data/binds/conf", "folder"));
  private final Map<String, String> seeded = new HashMap<>(Map.of("/data/binds/conf", "folder"));
  private OrchestratorFixture service;

  @BeforeEach
  void start() {
    service = new OrchestratorFixture(host, home);
    String _ = service.control.up("v1");
  }

  @AfterEach
  void stop() {
    service.close();
  }

  /**
   * A file of the folder ./conf.
   *
   * @param there what the data has; null for nothing
   * @param seededAs what was seeded; null for nothing
   * @param release what v2 has; null for nothing
   */
  private void file(
      String name, @Nullable String there, @Nullable String seededAs, @Nullable String release) {
    put(found, name, there);
    put(seeded, name, seededAs);
    if (release != null) {
      next.add(entry("/" + name, "file:" + release));
    }
  }

  private static void put(Map<String, String> map, String name, @Nullable String value) {
    if (value != null) {
      map.put("/data/binds/conf/" + name, "file:" + value);
    }
  }

  private static Entry entry(String name, String value) {
    return new Entry("/data/binds/conf" + name, "conf" + name, value, "644", "0:0");
  }

  private Plan plan(Policy policy, @Nullable Policy answer) {
    prepare(policy);
    return service.control.plan("v2", new DataOptions(null, false, false, List.of(), answer));
  }

  private void prepare(Policy policy) {
    host.releaseFiles.put(
        "v2",
        new ReleaseFiles(
            "v2", List.of("/data/binds/conf"), Map.of("/data/binds/conf", policy), next));
    host.seededFiles = new SeededFiles(found, Map.of(), Map.of("/data", seeded));
  }

  @Test
  void whatNobodyChangedFollowsAndWhatWasChangedIsKept() {
    file("same", "1", "1", "1");
    file("follows", "1", "1", "2");
    file("there-already", "2", "1", "2");
    file("new", null, null, "1");
    file("gone", "1", "1", null);
    file("changed-here-alone", "x", "1", "1");
    file("changed-by-both", "x", "1", "2");
    file("deleted-here-alone", null, "1", "1");
    file("deleted-here", null, "1", "2");
    file("changed-and-gone", "x", "1", null);
    file("made-here", "x", null, null);
    file("made-here-and-new", "x", null, "1");
    Plan plan = plan(Policy.AUTO, null);
    assertEquals(
        "files of the release: ./conf/new new; v2's: ./conf/follows; ./conf/gone removed; kept as"
            + " changed: ./conf/changed-by-both, ./conf/deleted-here, ./conf/made-here-and-new,"
            + " ./conf/changed-and-gone",
        plan.files());
    assertEquals(4, plan.warnings().size(), plan.warnings().toString());
  }

  @Test
  void policiesGoBeforeTheRule() {
    file("changed", "x", "1", "2");
    file("follows", "1", "1", "2");
    file("deleted", null, "1", "2");
    assertEquals("", plan(Policy.KEEP, null).files());
    String all =
        "files of the release: ./conf/deleted new; v2's: ./conf/follows; v2's, the changed one set"
            + " aside as *.orchestrator-old: ./conf/changed";
    assertEquals(all, plan(Policy.RELEASE, null).files());
    assertEquals(all, plan(Policy.AUTO, Policy.RELEASE).files());
    assertEquals("", plan(Policy.KEEP, Policy.RELEASE).files());
  }

  @Test
  void anUpgradeThatAsksIsRefusedByTheFilesNameUntilItIsAnswered() throws Exception {
    file("changed", "x", "1", "2");
    prepare(Policy.ASK);
    RefusedException e = assertThrows(RefusedException.class, () -> plan(Policy.ASK, null));
    assertEquals(
        "./conf/changed: changed here and in v2, and data.files says ask: upgrade with --files"
            + " release (the changed ones are set aside) or with --files keep",
        e.getMessage());
    String refused = service.control.upgrade("v2");
    assertEquals(Outcome.REFUSED, service.journal.upgrade(refused).orElseThrow().outcome());

    host.filesReport =
        new FilesReport(
            "v2",
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(new ChangedFile("./conf/changed", "changed here and in v2", "-a\n+b", true)));
    String run =
        service.control.upgrade("v2", new DataOptions(null, false, false, List.of(), Policy.KEEP));
    assertEquals(Outcome.DONE, service.journal.upgrade(run).orElseThrow().outcome());
    assertTrue(host.executedCommands.toString().contains("-g2: files keep[]"), "the answer");
    String notes = service.control.receipt(run).notes().toString();
    assertTrue(notes.contains("./conf/changed is kept (changed here and in v2)"), notes);
    assertTrue(notes.contains("-a\n"), notes);
  }

  /** Of a stack that was up before capsules recorded what they have seeded. */
  @Test
  void withoutARecordWhatAnEarlierReleaseHadIsUnchanged() throws Exception {
    Path old = home.resolve("stacks/shop/releases/v3/conf");
    Files.createDirectories(old);
    Files.writeString(old.resolve("of-v3"), "x");
    String ofV3 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    file("of-v3", ofV3, null, "2");
    file("of-its-image", "1", null, "2");
    file("changed", "x", null, "2");
    file("gone", "1", null, null);
    prepare(Policy.AUTO);
    host.seededFiles =
        new SeededFiles(
            found,
            Map.of(
                "/data/binds/conf/of-its-image", "file:1",
                "/data/binds/conf/changed", "file:1",
                "/data/binds/conf/gone", "file:1"),
            Map.of());
    assertEquals(
        "files of the release: v2's: ./conf/of-v3, ./conf/of-its-image; ./conf/gone removed; kept"
            + " as changed: ./conf/changed",
        service.control.plan("v2", DataOptions.NONE).files());
    String run = service.control.upgrade("v2");
    assertEquals(Outcome.DONE, service.journal.upgrade(run).orElseThrow().outcome());
    String told = host.executedCommands.toString();
    assertTrue(told.contains("/data/binds/conf/of-v3=file:" + ofV3), told);
    assertTrue(told.contains("/data/binds/conf/gone=file:1"), told);
  }
}
