package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.RehearseSettings;
import dev.orchestrator.settings.RehearseSettings.Mode;
import dev.orchestrator.testing.LightLoad;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each kind of broken version is found in its rehearsal: no client waits for it, nothing of what
 * serves is restarted, and nothing goes out of it. One that loses data is in the tests of
 * invariants.
 */
@Tag("engine")
@Rotates(days = 4)
class BrokenVersionsEngineTest {
  /** The host, as a capsule that serves reaches it. */
  private static final String HOST = "172.17.0.1";

  @TempDir Path directory;

  /**
   * A broken version.
   *
   * @param service that is not as in v1
   * @param lines of that service in the compose file
   * @param reason a pattern of what is said of it
   */
  private record Kind(String name, String service, String lines, String reason) {}

  private static String entrypoint(String program, String option, String script) {
    return "    entrypoint: [%s, %s, %s]\n".formatted(program, option, "'" + script + "'");
  }

  private static List<Kind> kinds(int sink) {
    return List.of(
        new Kind(
            "never-healthy",
            LightStackFixture.LEDGER,
            "    environment: {BROKEN: 'yes'}\n",
            "ledger: .*unhealthy|probe ledger"),
        new Kind(
            "crash-loop",
            LightStackFixture.GREETER,
            entrypoint("sh", "-c", "echo no such option >&2; exit 3"),
            "greeter: .*(exit|ended|restart)"),
        new Kind(
            "migration-fails",
            LightStackFixture.LEDGER,
            entrypoint(
                "sh",
                "-c",
                "sqlite3 /var/lib/ledger/rows.db \"ALTER TABLE absent ADD COLUMN x\""
                    + " && exec perl /ledger.pl"),
            "ledger: .*(exit|ended|restart)"),
        new Kind(
            "wrong-body",
            LightStackFixture.LEDGER,
            "    environment: {BROKEN: page}\n",
            "probe ledger|ledger: "),
        new Kind(
            "needs-egress",
            LightStackFixture.LEDGER,
            entrypoint(
                "bash",
                "-c",
                "exec 3<>/dev/tcp/%s/%d && exec perl /ledger.pl".formatted(HOST, sink)),
            "ledger: "),
        new Kind(
            "eats-memory",
            LightStackFixture.LEDGER,
            entrypoint("perl", "-e", "my $$x = \"a\" x 200_000_000; sleep 60"),
            "ledger: "));
  }

  /** A release as v1, but for some lines of one service. */
  private static void write(Path releases, Kind kind) throws IOException {
    Path release = Files.createDirectories(releases.resolve(kind.name()));
    for (String file : List.of(".env", "greeting.txt")) {
      Files.copy(releases.resolve("v1").resolve(file), release.resolve(file));
    }
    String compose = Files.readString(releases.resolve("v1/compose.yaml"));
    if (kind.lines().contains("environment:")) {
      compose = compose.replace("    environment:\n      BROKEN: \"${BROKEN}\"\n", "");
    }
    String service = "  %s:\n".formatted(kind.service());
    assertTrue(compose.contains("\n" + service));
    Files.writeString(
        release.resolve("compose.yaml"),
        compose.replaceFirst(service, service + kind.lines().replace("$", "\\$")));
  }

  @Test
  void noKindOfBrokenVersionMakesAClientWait() throws Exception {
    LightStackFixture stack = LightStackFixture.in(directory);
    try (ServerSocket sink = new ServerSocket(0, 50, InetAddress.getByName(HOST));
        LightServiceFixture light =
            new LightServiceFixture(
                stack,
                LightStackFixture.changed(each ->
                    each.withUpgrade(
                        each.upgrade().withRehearse(RehearseSettings.OFF.with(Mode.ON)))))) {
      sink.setSoTimeout(1);
      List<Kind> kinds = kinds(sink.getLocalPort());
      for (Kind kind : kinds) {
        write(stack.folder().resolve("releases"), kind);
      }
      assertEquals(Outcome.DONE, light.await(light.control().up("v1")).upgrade().outcome());
      String before = started(light);
      List<String> wrong = new ArrayList<>();
      try (LightLoad lines = new LightLoad(light, "/lines");
          LightLoad rows = new LightLoad(light, "/rows")) {
        for (Kind kind : kinds) {
          Receipt receipt = light.await(light.control().upgrade(kind.name()));
          System.out.println(kind.name() + ": " + receipt.upgrade().reason());
          problem(kind, receipt).forEach(wrong::add);
        }
        lines.assertComplete("not upgraded");
        rows.assertComplete("not upgraded");
        assertEquals(List.of(), lines.failures());
        assertEquals(List.of(), rows.failures());
      }
      assertEquals(List.of(), wrong);
      assertEquals(before, started(light), "v1 was neither stopped nor started");
      assertTrue(isEmpty(sink), "something went out");
    }
  }

  private static Stream<String> problem(Kind kind, Receipt receipt) {
    String reason = receipt.upgrade().reason();
    boolean isAsExpected =
        receipt.upgrade().outcome() == Outcome.ROLLED_BACK
            && receipt.traffic() == null
            && reason.startsWith("rehearse: ")
            && reason.contains("found in a rehearsal, no client has waited")
            && Pattern.compile(kind.reason()).matcher(reason).find();
    return isAsExpected ? Stream.of() : Stream.of(kind.name() + ": " + reason);
  }

  private static String started(LightServiceFixture light) {
    return light.engine().container(light.container(1)).orElseThrow().startedAt();
  }

  private static boolean isEmpty(ServerSocket sink) throws IOException {
    try {
      sink.accept().close();
      return false;
    } catch (SocketTimeoutException e) {
      return true;
    }
  }
}
