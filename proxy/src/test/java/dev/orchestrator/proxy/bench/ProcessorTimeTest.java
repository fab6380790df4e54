package dev.orchestrator.proxy.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProcessorTimeTest {
  /** A parent whose child uses some processor time, and ends when it is told to. */
  private static final String PARENT =
      """
      exec 3<&0
      (i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done; echo used; read -r line <&3) &
      wait
      echo ended
      read -r line
      """;

  @Test
  void whatAChildHasUsedStaysInTheSumWhenItEnds() throws Exception {
    Process parent = new ProcessBuilder(List.of("sh", "-c", PARENT)).start();
    try (BufferedReader lines = parent.inputReader(StandardCharsets.US_ASCII);
        Writer input = parent.outputWriter(StandardCharsets.US_ASCII)) {
      assertEquals("used", lines.readLine());
      long with = ProcessorTime.nanos(parent);
      assertTrue(with > 0, "nothing used");

      input.append('\n').flush();
      assertEquals("ended", lines.readLine());

      long without = ProcessorTime.nanos(parent);
      assertTrue(without >= with, () -> with + " ns became " + without + " ns");
    } finally {
      parent.destroy();
      parent.waitFor();
    }
  }
}
