package dev.orchestrator.home;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The lock between real processes: the kernel's locks are those of a process. */
@Timeout(60)
final class HomeLockTest {
  private static final int STARTS = 2_000;

  @TempDir Path folder;
  private final List<Process> processes = new ArrayList<>();
  private HomeFiles files;

  @BeforeEach
  void name() {
    files = new HomeFiles(folder);
  }

  @AfterEach
  void end() throws Exception {
    for (Process each : processes) {
      each.getOutputStream().close();
      assertTrue(each.waitFor(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void aClientThatLooksNeverMakesAStartRefuse() throws Exception {
    HomeLock.take(files).orElseThrow().close();
    assertEquals("looking", start("look").readLine());
    assertEquals("looking", start("look").readLine());
    int refused = 0;
    for (int i = 0; i < STARTS; i++) {
      Optional<HomeLock> taken = HomeLock.take(files);
      if (taken.isEmpty()) {
        refused++;
      } else {
        taken.get().close();
      }
    }
    assertEquals(0, refused, "starts that were refused, of " + STARTS);
  }

  @Test
  void oneOfSeveralProcessesGetsItWhileOthersLook() throws Exception {
    assertEquals("looking", start("look").readLine());
    List<BufferedReader> starts = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      starts.add(start("take"));
    }
    List<String> answers = new ArrayList<>();
    for (BufferedReader each : starts) {
      answers.add(each.readLine());
    }
    assertEquals(1, answers.stream().filter("true"::equals).count(), answers.toString());
    assertEquals(3, answers.stream().filter("false"::equals).count(), answers.toString());
  }

  @Test
  void itGoesWithTheProcessHoweverThatEnds() throws Exception {
    assertFalse(HomeLock.isHeld(files));
    assertEquals("true", start("take").readLine());
    assertTrue(HomeLock.isHeld(files));
    assertEquals(Optional.empty(), HomeLock.take(files));
    assertTrue(
        processes.getLast().destroyForcibly().waitFor(20, TimeUnit.SECONDS), "it does not die");
    assertFalse(HomeLock.isHeld(files));
    HomeLock.take(files).orElseThrow().close();
  }

  /** Closing a file drops the locks that this process has on it, whichever channel took them. */
  @Test
  void theProcessThatHoldsItKeepsItWhenItLooksOrTriesAgain() throws Exception {
    try (HomeLock _ = HomeLock.take(files).orElseThrow()) {
      assertTrue(HomeLock.isHeld(files));
      assertEquals(Optional.empty(), HomeLock.take(files));
      assertEquals("true", start("see").readLine());
    }
    assertEquals("false", start("see").readLine());
  }

  private BufferedReader start(String action) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                HomeLockProcess.class.getName(),
                action,
                folder.toString())
            .redirectErrorStream(true)
            .start();
    processes.add(process);
    return new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
  }
}
