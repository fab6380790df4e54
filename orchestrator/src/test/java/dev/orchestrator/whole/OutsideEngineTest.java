package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.DoctorReport;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the doctor tells of a service that does at its start what images with PUID and PGID do, on a
 * real engine: what it really keeps, and volumes for it that the engine takes.
 */
@Tag("engine")
class OutsideEngineTest {
  private static final Duration DEADLINE = Duration.ofSeconds(30);

  /** A line of advice: service, name of the volume, place, name again. */
  private static final Pattern ADVICE =
      Pattern.compile(
          "services\\.(\\S+)\\.volumes: \\[\"(\\S+):(/\\S+)\"], volumes: \\{(\\S+): \\{}}");

  private static final String SERVICE =
      """
          init: true
          tmpfs: [/mem]
          configs: [{source: motd, target: /etc/motd}]
          entrypoint:
            - sh
            - -c
            - |
              usermod -u 1500 www-data; groupmod -g 1500 www-data
              echo Etc/UTC >/etc/timezone
              chown www-data /usr/share/common-licenses/*
              echo "generated" >/etc/nsswitch.conf
              ln -sf /data /opt/link
              mkdir -p /srv/made/empty /srv/kept
              test -s /srv/kept/file || echo kept >/srv/kept/file
              test -s /opt/file || echo kept >/opt/file
              echo kept >/usr/share/perl5/beside
              exec perl /greeter.pl
      """;

  @TempDir Path directory;

  @Test
  void onlyWhatIsKeptWithVolumesThatWork() throws Exception {
    LightStackFixture stack = LightStackFixture.in(directory);
    for (String version : List.of("v1", "v2")) {
      Path compose = stack.folder().resolve("releases/" + version + "/compose.yaml");
      String text = Files.readString(compose);
      Files.writeString(
          compose,
          text.replace(
                  "    build: ../../images/greeter\n",
                  "    build: ../../images/greeter\n" + SERVICE)
              + "configs: {motd: {content: hello}}\n");
    }
    try (LightServiceFixture light = new LightServiceFixture(stack, settings -> settings)) {
      done(light, light.control().up("v1"));
      DoctorReport doctor = light.control().doctor();
      assertEquals(
          List.of("/opt", "/srv/kept", "/usr/share/perl5/beside"),
          doctor.outside().stream().map(DoctorReport.Outside::folder).sorted().toList(),
          doctor.toString());

      Set<String> places = follow(stack, doctor);
      assertEquals(List.of("/opt", "/srv/kept"), List.copyOf(places));
      done(light, light.control().upgrade("v2"));
      for (String place : places) {
        assertEquals("kept", in(light, 2, "cat " + place + "/file"));
      }
      assertEquals(
          List.of("/usr/share/perl5/beside"),
          light.control().doctor().outside().stream().map(DoctorReport.Outside::folder).toList());
    }
  }

  /** Writes what the doctor proposes into v2; returns the places that it has volumes for. */
  private static Set<String> follow(LightStackFixture stack, DoctorReport doctor)
      throws IOException {
    Path compose = stack.folder().resolve("releases/v2/compose.yaml");
    Set<String> places = new TreeSet<>();
    for (DoctorReport.Outside outside : doctor.outside()) {
      Matcher advice = ADVICE.matcher(outside.add());
      if (!advice.matches()) {
        continue;
      }
      assertEquals(LightStackFixture.GREETER, advice.group(1));
      places.add(advice.group(3));
      Files.writeString(
          compose,
          Files.readString(compose)
              .replace(
                  "      - ./greeting.txt",
                  "      - \"%s:%s\"\n      - ./greeting.txt"
                      .formatted(advice.group(2), advice.group(3)))
              .replace("\nvolumes:\n", "\nvolumes:\n  %s: {}\n".formatted(advice.group(4))));
    }
    return places;
  }

  private static void done(LightServiceFixture light, String run) throws InterruptedException {
    Receipt receipt = light.await(run);
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
  }

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
