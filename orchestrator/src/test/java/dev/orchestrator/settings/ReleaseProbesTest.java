package dev.orchestrator.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Probes that lie beside a compose file. */
class ReleaseProbesTest {

  @TempDir Path release;

  private ReleaseProbes read(String text) throws IOException {
    Files.writeString(release.resolve("probes.conf"), text);
    return ReleaseProbes.read(release);
  }

  @Test
  void aReleaseWithoutTheFileHasNone() {
    assertEquals(List.of(), ReleaseProbes.read(release).probes());
    assertEquals(List.of(), ReleaseProbes.parse(ReleaseProbes.read(release).text()));
  }

  @Test
  void whatAnImageKeepsOfThemIsTheSameAgain() throws IOException {
    ReleaseProbes read =
        read(
            """
            probes = [
              { name = front, service = web, http { port = 8080, path = "/a", body = "<h1>\\\\d" } }
              { name = db, service = db, exec { command = [mariadb, -e, "select 1"] }, timeout = 3s }
            ]
            """);
    assertEquals(List.of("front", "db"), read.probes().stream().map(Probe::name).toList());
    // A pattern is equal to itself alone.
    assertEquals(read.probes().toString(), ReleaseProbes.parse(read.text()).toString());
  }

  @Test
  void whatIsWrongIsNamedWithFileAndLine() {
    String message =
        String.valueOf(
            assertThrows(
                    InvalidSettingsException.class,
                    () -> read("probes = [\n  { name = a, service = web, tcp { prt = 1 } }\n]\n"))
                .getMessage());
    assertTrue(message.contains("probes.conf:2: "), message);
    assertTrue(message.contains("prt"), message);
  }

  @Test
  void onesOfTheSameNameTakeThePlaceOfTheStacks() {
    Duration second = Duration.ofSeconds(1);
    Probe ofStack = new Probe("front", "web", new Probe.Tcp(80), second);
    Probe kept = new Probe("db", "db", new Probe.Tcp(3306), second);
    Probe own = new Probe("front", "shop", new Probe.Tcp(8080), second);
    assertEquals(List.of(kept, own), ReleaseProbes.merge(List.of(ofStack, kept), List.of(own)));
  }
}
