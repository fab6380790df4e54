package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.DoctorReport;
import dev.orchestrator.report.Plan;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.upgrade.DataOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files of the release that a service writes to, on a real engine: what nobody changed becomes the
 * new release's, what was changed is kept and told, and back again.
 */
@Tag("engine")
@Rotates
class ReleaseFilesEngineTest {
  private static final Duration DEADLINE = Duration.ofSeconds(30);

  private static final String RECORD = ".orchestrator/release-files.json";

  /** The same in all releases: a copy must not take the one for the other by size and time. */
  private static final FileTime TIME = FileTime.from(Instant.parse("2020-05-17T10:00:00Z"));

  @TempDir Path directory;
  private LightStackFixture stack;

  @Test
  void followTheReleaseUnlessSomebodyChangedThem() throws Exception {
    stack = LightStackFixture.in(directory);
    for (String version : List.of("v1", "v2")) {
      mountForWriting(version);
      write(version, "plugins/same-size", "plugin of " + version);
      write(version, "plugins/own", "from " + version + "\npassword = hunter2\n");
      // More than an argument of a program may hold.
      for (int file = 0; file < 1500; file++) {
        write(version, "many/" + file, "");
      }
    }
    write("v1", "plugins/only-first", "x");
    write("v2", "plugins/only-second/deep", "x");
    Path key = write("v1", "plugins/key", "secret");
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("r--------"));
    Files.setAttribute(key, "unix:uid", 1000);
    Files.setAttribute(key, "unix:gid", 1001);
    DataSettings data = new DataSettings(Strategy.COPY, Quiesce.STOP, 100_000_000);
    try (LightServiceFixture light = new LightServiceFixture(stack, LightStackFixture.with(data))) {
      done(light, light.control().up("v1"));
      assertEquals("hello v1", in(light, 1, "cat /greeting.txt"));
      assertEquals("400 1000 1001 1589709600", in(light, 1, "stat -c '%a %u %g %Y' /plugins/key"));
      assertEquals("1589709600", in(light, 1, "stat -c %Y /greeting.txt /read-only | uniq"));
      assertEquals("v1", in(light, 1, "cat /link"), "a link that leads nowhere in a capsule");
      String _ = in(light, 1, "echo mine >>/plugins/own; echo new >/plugins/added-here");
      assertEquals(
          "new live",
          in(
              light,
              1,
              "echo live >/state/x; echo $(cat /release/plugins/added-here /release/state/x)"),
          "a reader of the whole release sees what is written");
      // As in a stack that was up before capsules kept a record of what they have seeded.
      ExecResult removed =
          light.engine().exec(light.container(1), List.of("rm", "/data/" + RECORD), DEADLINE);
      assertTrue(removed.ok(), removed.stderr());

      Plan plan = light.control().plan("v2", DataOptions.NONE);
      assertEquals(
          "files of the release: ./plugins/only-second/deep new; v2's: ./greeting.txt,"
              + " ./plugins/same-size; ./plugins/key, ./plugins/only-first removed; kept as"
              + " changed: ./plugins/own",
          plan.files());
      String warnings = String.join("\n", plan.warnings());
      assertTrue(warnings.contains("./plugins/own is kept (changed here and in v2)"), warnings);
      assertTrue(warnings.contains("-mine"), warnings);
      assertTrue(!warnings.contains("hunter2"), warnings);

      Receipt receipt = done(light, light.control().upgrade("v2"));
      assertTrue(receipt.notes().toString().contains("./plugins/own is kept"), receipt.toString());
      assertEquals("hello v2", in(light, 2, "cat /greeting.txt"));
      assertEquals("plugin of v2", in(light, 2, "cat /plugins/same-size"));
      assertEquals("mine", in(light, 2, "tail -n 1 /plugins/own"));
      assertEquals(
          "/plugins/added-here /plugins/only-second/deep /plugins/own /plugins/same-size",
          in(light, 2, "echo $(find /plugins -type f | sort)"));
      DoctorReport doctor = light.control().doctor();
      assertEquals(List.of("./plugins/own"), doctor.files().stream().map(f -> f.path()).toList());
      assertTrue(doctor.files().getFirst().kept());

      done(light, light.control().rollback(DataOptions.forRollback(Rollback.CARRY)));
      assertEquals("hello v1", in(light, 3, "cat /greeting.txt"));
      assertEquals("plugin of v1", in(light, 3, "cat /plugins/same-size"));
      assertEquals("mine", in(light, 3, "tail -n 1 /plugins/own"));
      assertEquals("1500", in(light, 3, "ls /many | wc -l"));
      assertEquals(
          "/plugins/added-here /plugins/key /plugins/only-first /plugins/own /plugins/same-size",
          in(light, 3, "echo $(find /plugins -type f | sort)"));
    }
  }

  private void mountForWriting(String version) throws IOException {
    Path compose = stack.folder().resolve("releases/" + version + "/compose.yaml");
    Files.writeString(
        compose,
        Files.readString(compose)
            .replace(
                "- ./greeting.txt:/greeting.txt:ro",
                String.join(
                    "\n      ",
                    "- ./greeting.txt:/greeting.txt",
                    "- ./plugins:/plugins",
                    "- ./many:/many",
                    "- ./read-only:/read-only:ro",
                    "- ./link:/link:ro",
                    "- ./state:/state",
                    "- .:/release:ro")));
    write(version, "greeting.txt", "hello " + version);
    Path readOnly = write(version, "read-only", version);
    Files.createSymbolicLink(readOnly.resolveSibling("link"), readOnly);
  }

  private Path write(String version, String file, String content) throws IOException {
    Path path = stack.folder().resolve("releases").resolve(version).resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, content);
    Files.setLastModifiedTime(path, TIME);
    return path;
  }

  private static Receipt done(LightServiceFixture light, String run) throws InterruptedException {
    Receipt receipt = light.await(run);
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
    return receipt;
  }

  /** What a command says in the greeter of a generation. */
  private static String in(LightServiceFixture light, int generation, String command) {
    ExecResult result =
        light
            .engine()
            .exec(
                light.container(generation),
                List.of("capsule", "exec", LightStackFixture.GREETER, "sh", "-c", command),
                DEADLINE);
    assertTrue(result.ok(), result.stderr());
    return result.stdout().strip();
  }
}
