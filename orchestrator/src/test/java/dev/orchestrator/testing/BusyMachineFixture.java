package dev.orchestrator.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Work beside a test: two busy processors, and a writer that puts 64 MB after 64 MB onto the disk.
 * It ends by itself after some minutes, should the test be killed.
 */
public final class BusyMachineFixture implements AutoCloseable {
  private static final int PROCESSORS = 2;
  private static final String MOST_SECONDS = "300";

  private final List<Process> processes = new ArrayList<>();

  /**
   * Starts it.
   *
   * @param folder for the file that is written
   */
  public BusyMachineFixture(Path folder) {
    for (int i = 0; i < PROCESSORS; i++) {
      start("while :; do :; done");
    }
    start(
        "while dd if=/dev/zero of='%s' bs=1M count=64 conv=fsync 2>/dev/null; do :; done"
            .formatted(folder.resolve("written")));
  }

  private void start(String script) {
    try {
      processes.add(new ProcessBuilder("timeout", MOST_SECONDS, "sh", "-c", script).start());
    } catch (IOException e) {
      close();
      throw new UncheckedIOException(e);
    }
  }

  /** Ends it. */
  @Override
  public void close() {
    // SIGTERM, which `timeout` passes on to what it runs.
    processes.forEach(Process::destroy);
    processes.forEach(process -> process.onExit().join());
  }
}
