package dev.orchestrator.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The rules of a {@code .dockerignore}: one pattern a line relative to the context, {@code **} for
 * any number of folders, {@code !} to take back in, the last match wins.
 */
final class DockerIgnore {
  private record Rule(Pattern pattern, boolean exclude) {}

  private final List<Rule> rules = new ArrayList<>();

  DockerIgnore(List<String> lines) {
    for (String line : lines) {
      String text = line.strip();
      if (text.isEmpty() || text.startsWith("#")) {
        continue;
      }
      boolean exclude = !text.startsWith("!");
      String glob = Path.of("/", exclude ? text : text.substring(1).strip()).normalize().toString();
      if (glob.length() > 1) {
        rules.add(new Rule(Pattern.compile(regex(glob.substring(1))), exclude));
      }
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

  private static boolean matches(Pattern pattern, String path) {
    for (int end = path.length(); end > 0; end = path.lastIndexOf('/', end - 1)) {
      if (pattern.matcher(path.substring(0, end)).matches()) {
        return true;
      }
    }
    return false;
  }

  private static String regex(String glob) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      switch (c) {
        case '*' -> {
          if (glob.startsWith("**/", i)) {
            regex.append("(.*/)?");
            i += 2;
          } else if (glob.startsWith("**", i)) {
            regex.append(".*");
            i++;
          } else {
            regex.append("[^/]*");
          }
        }
        case '?' -> regex.append("[^/]");
        case '[', ']' -> regex.append(c);
        case '\\' -> {
          if (++i < glob.length()) {
            regex.append(Pattern.quote(String.valueOf(glob.charAt(i))));
          }
        }
        case '-' -> regex.append(c);
        default -> regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return regex.toString();
  }
}
