package dev.orchestrator.engine;

import dev.orchestrator.engine.EngineException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The rules of a {@code .dockerignore}: one pattern a line relative to the context, {@code **} for
 * any number of folders, {@code !} to take back in, the last match wins.
 */
final class DockerIgnore {
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

  static DockerIgnore of(Path context) throws IOException {
    Path file = context.resolve(".dockerignore");
    return new DockerIgnore(Files.exists(file) ? Files.readAllLines(file) : List.of());
  }

  /** Whether nothing below an excluded folder can come back in. */
  boolean onlyExcludes() {
    return rules.stream().allMatch(Rule::exclude);
  }

  /**
   * {@code path} with slashes, relative to the context. A rule for a folder is one for all in it.
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
