package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Saves the logs of a failed capsule before it is removed, because they tell why it failed. */
public final class FailureLogs {
  private static final Logger log = LoggerFactory.getLogger(FailureLogs.class);
  private static final int MAX_LINES = 500;

  private final UpgradeContext context;

  FailureLogs(UpgradeContext context) {
    this.context = context;
  }

  /**
   * Writes the logs of a generation to a file below the state folder. A second call keeps the file.
   *
   * @return the end of a message that names the file; empty where there are no logs or the file
   *     can't be written
   */
  public String save(String upgrade, Generation generation) {
    Path file =
        context
            .settings()
            .home()
            .resolve("logs")
            .resolve(upgrade + "-" + generation.version() + ".log");
    if (Files.exists(file) || context.engine().container(generation.container()).isEmpty()) {
      return Files.exists(file) ? "; its logs: " + file : "";
    }
    List<String> lines = new ArrayList<>();
    try {
      lines.add("== capsule " + generation.container());
      lines.addAll(context.engine().logs(generation.container(), MAX_LINES));
      lines.add("== inner services");
      lines.addAll(context.capsule(generation).logs(null, MAX_LINES, Duration.ofSeconds(20)));
    } catch (EngineException | CapsuleException e) {
      lines.add("== no more: " + e.getMessage());
    }
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, lines);
    } catch (IOException e) {
      log.warn(
          "the logs of {} could not be saved in {}: {}",
          generation.container(),
          file,
          e.toString());
      return "";
    }
    return "; its logs: " + file;
  }
}
