package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.testing.Rotation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The compose files of many kinds of project become stacks that load, and that a plan accepts; or
 * are refused for what no stack can have. A third of them each day; all with {@code -Dmatrix=all}.
 */
@Tag("engine")
final class AdoptCorpusEngineTest {
  private static final Path CORPUS = Path.of("src/test/resources/corpus");

  /**
   * Some need devices and folders that the host of a test may not have, or paths such as {@code /}
   * that no stack may have.
   */
  private static final Pattern EXPECTED =
      Pattern.compile(
          ".*(isn't there on the engine's host|which isn't there|the host doesn't have|no stack may"
              + " have it).*");

  /** Kinds of which the host of a test may lack something, of all and of a third. */
  private static final int LACKING = 6;

  @TempDir Path dir;

  private final long seed = Rotation.day();

  private List<Path> kinds() throws IOException {
    try (Stream<Path> corpus = Files.list(CORPUS)) {
      List<Path> all = corpus.filter(path -> Files.exists(path.resolve("about"))).sorted().toList();
      if (Rotation.isWhole()) {
        return all;
      }
      List<Path> third = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        if ((i + seed) % 3 == 0) {
          third.add(all.get(i));
        }
      }
      return third;
    }
  }

  @Test
  void everyProjectOfTheCorpusBecomesAStack() throws IOException {
    Map<String, String> owner = Map.of(Labels.HOME, "test-" + UUID.randomUUID());
    List<String> problems = new ArrayList<>();
    List<String> stacks = new ArrayList<>();
    List<Path> kinds = kinds();
    try (Engine engine = DockerEngine.connect("", Duration.ofSeconds(60))) {
      StackHostFixture host = new StackHostFixture(engine, owner, dir.resolve("service"));
      AdoptPlanner planner = new AdoptPlanner(engine, owner, host);
      for (Path kind : kinds) {
        String name = kind.getFileName().toString();
        Path project = dir.resolve(name);
        copy(kind.resolve("v1"), project);
        AdoptPlan plan = planner.init(project, name);
        if (plan.refusals().isEmpty()) {
          Path written = planner.write(plan);
          List<String> _ = host.check(host.load(written), AdoptPlanner.VERSION);
          stacks.add(name);
        }
        plan.refusals().stream()
            .filter(line -> !EXPECTED.matcher(line).matches())
            .forEach(line -> problems.add(name + ": " + line));
      }
      assertEquals(List.of(), engine.containers(owner));
    }
    assertTrue(problems.isEmpty(), String.join("\n", problems));
    assertTrue(stacks.size() >= kinds.size() - LACKING, stacks.toString());
  }

  /** A file of the corpus pins images to a digest that only its own script knows. */
  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else if (file.toString().matches(".*\\.ya?ml")) {
          Files.writeString(
              target, Files.readString(file).replace("@DIGEST", "@sha256:" + "a".repeat(64)));
        } else {
          Files.copy(file, target);
        }
      }
    }
  }
}
