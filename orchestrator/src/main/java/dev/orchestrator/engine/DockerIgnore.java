package dev.orchestrator.engine;

import dev.orchestrator.engine.EngineException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The rules of a {@code .dockerignore}: a pattern a line, relative to the context; {@code **}
 * stands for any number of folders, {@code !} includes again what an earlier rule excludes, and the
 * last rule that matches decides.
 */
final class DockerIgnore {
  /** What is added to the name of a Dockerfile for the name of its rules. */
  private static final String OWN_FILE = ".dockerignore";

  private record Rule(IgnorePattern pattern, boolean exclude) {}

  private final List<Rule> rules = new ArrayList<>();

  DockerIgnore(List<String> lines) {
    for (int i = 0; i < lines.size(); i++) {
      String text = lines.get(i).strip();
      if (!text.isEmpty() && !text.startsWith("#")) {
        try {
          add(text);
        } catch (IllegalArgumentException e) {
          throw new EngineException(
              Kind.BUILD_FAILED,
              ".dockerignore:%d: \"%s\" is no pattern: %s"
                  .formatted(i + 1, printable(text), printable(String.valueOf(e.getMessage()))),
              e);
        }
      }
    }
  }

  private static String printable(String text) {
    return text.replaceAll("[\\p{Cntrl}\\u0085\\u2028\\u2029]", "?");
  }

  private void add(String text) {
    boolean exclude = !text.startsWith("!");
    String glob = Path.of("/", exclude ? text : text.substring(1).strip()).normalize().toString();
    if (glob.length() > 1) {
      rules.add(new Rule(new IgnorePattern(glob.substring(1)), exclude));
    }
  }

  /** The rules of a context: a Dockerfile may have a file of its own for them beside it. */
  static DockerIgnore of(Path context, String dockerfile) throws IOException {
    Path own = context.resolve(dockerfile + OWN_FILE);
    Path file = Files.exists(own) ? own : context.resolve(".dockerignore");
    return new DockerIgnore(Files.exists(file) ? Files.readAllLines(file) : List.of());
  }

  /** Whether no rule can include something below an excluded folder again. */
  boolean onlyExcludes() {
    return rules.stream().allMatch(Rule::exclude);
  }

  /**
   * Whether the rules exclude a path. A rule that matches a folder holds for everything in it.
   *
   * @param path relative to the context, with slashes
   */
  boolean excludes(String path) {
    boolean excluded = false;
    for (Rule rule : rules) {
      if (matches(rule.pattern, path)) {
        excluded = rule.exclude;
      }
    }
    return excluded;
  }

  private static boolean matches(IgnorePattern pattern, String path) {
    for (int end = path.length(); end > 0; end = path.lastIndexOf('/', end - 1)) {
      if (pattern.matches(path.substring(0, end))) {
        return true;
      }
    }
    return false;
  }
}
