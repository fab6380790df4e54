package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Saves the logs of a failed capsule before it is removed, because they tell why it failed. */
public final class FailureLogs {
  private static final Logger log = LoggerFactory.getLogger(FailureLogs.class);
  private static final int MAX_LINES = 500;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** While clients wait. */
  private static final Duration BRIEF_LIMIT = Duration.ofSeconds(2);

  /** Before the lines of the services, each of which begins with its container's name. */
  private static final String SERVICES = "== inner services";

  private static final Pattern CONTAINER = Pattern.compile("^(\\S+)-\\d+ +\\| ");

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
    return save(upgrade, generation, LIMIT);
  }

  /**
   * The same while clients wait for the end of the capsule: logs of services that do not come in
   * two seconds are left out.
   */
  public String saveBriefly(String upgrade, Generation generation) {
    return save(upgrade, generation, BRIEF_LIMIT);
  }

  private String save(String upgrade, Generation generation, Duration limit) {
    Path file = file(upgrade, generation.version());
    if (Files.exists(file) || context.engine().container(generation.container()).isEmpty()) {
      return Files.exists(file) ? "; its logs: " + file : "";
    }
    List<String> lines = new ArrayList<>();
    try {
      lines.add("== capsule " + generation.container());
      lines.addAll(context.engine().logs(generation.container(), MAX_LINES));
      lines.add(SERVICES);
      lines.addAll(context.capsule(generation).logs(null, MAX_LINES, limit));
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

  private Path file(String upgrade, String version) {
    return context.settings().state().resolve("logs").resolve(upgrade + "-" + version + ".log");
  }

  /**
   * The last lines that were saved of each service.
   *
   * @param service null for all services, and the capsule itself
   * @return empty when no logs were saved
   */
  public Optional<List<String>> saved(
      String upgrade, String version, @Nullable String service, int tail) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file(upgrade, version));
    } catch (IOException e) {
      return Optional.empty();
    }
    Map<String, Deque<Integer>> numbers = new HashMap<>();
    for (int i = 0; i < lines.size(); i++) {
      Matcher container = CONTAINER.matcher(lines.get(i));
      String of = container.find() ? container.group(1) : "";
      Deque<Integer> last = numbers.computeIfAbsent(of, name -> new ArrayDeque<>());
      last.add(i);
      if (last.size() > tail) {
        last.remove();
      }
    }
    List<String> kept = new ArrayList<>();
    numbers.entrySet().stream()
        .filter(of -> service == null || of.getKey().equals(service))
        .flatMap(of -> of.getValue().stream())
        .sorted()
        .forEach(i -> kept.add(lines.get(i)));
    return Optional.of(List.copyOf(kept));
  }
}
