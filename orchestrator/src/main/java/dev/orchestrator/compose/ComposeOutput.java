package dev.orchestrator.compose;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What Compose wrote on its standard error while it read a compose file: warnings, and the reason
 * why it rejects the file.
 */
final class ComposeOutput {
  private static final Pattern WARNING =
      Pattern.compile("(?:time=\\S+ )?level=warning msg=\"?(?<text>.*?)\"?|WARN\\S* (?<short>.*)");
  private static final Pattern UNSET =
      Pattern.compile("The \"(?<name>.*?)\" variable is not set.*");
  private static final Pattern UNDEFINED = Pattern.compile("depends on undefined service");
  private static final Pattern NEEDED =
      Pattern.compile("required variable \\S+ is missing a value");
  private static final String NO_HOME = "cannot expand '~'";

  /** A warning of the key {@code version}, which plain Compose ignores as well. */
  private static final String OBSOLETE = "`version` is obsolete";

  private static final String OBSOLETE_NOW = "the attribute `version` is obsolete";

  /** A shorter value is rather a number or a flag, and is a part of many words. */
  private static final int SHORTEST_SECRET = 5;

  private final List<String> errors;
  private final List<String> warnings;
  private final boolean crashed;

  /**
   * Takes the text apart.
   *
   * @param project the release's folder in the container, which means nothing to a user
   * @param variables whose values may be secrets: a message has their names in place of them
   */
  ComposeOutput(String stderr, Path project, Map<String, String> variables) {
    List<String> lines =
        stderr
            .lines()
            .filter(line -> !line.isBlank())
            .map(line -> masked(line.replace(project + "/", ""), variables))
            .toList();
    errors = lines.stream().filter(line -> !WARNING.matcher(line).matches()).toList();
    warnings =
        lines.stream()
            .map(WARNING::matcher)
            .filter(Matcher::matches)
            .map(ComposeOutput::text)
            .toList();
    crashed = stderr.contains("\ngoroutine ");
  }

  private static String masked(String line, Map<String, String> variables) {
    String masked = line;
    for (Map.Entry<String, String> variable : variables.entrySet()) {
      if (variable.getValue().length() >= SHORTEST_SECRET) {
        masked = masked.replace(variable.getValue(), "${" + variable.getKey() + "}");
      }
    }
    return masked;
  }

  private static String text(Matcher warning) {
    String text = warning.group("text");
    return (text == null ? warning.group("short") : text)
        .replace("\\\"", "\"")
        .replace("\\\\", "\\");
  }

  /** Why Compose rejects the file. */
  String reason() {
    if (errors.isEmpty() || crashed) {
      // A limit ended it without a message of its own.
      return "it gave up reading it, which takes too long or too much memory";
    }
    String text = String.join("; ", errors).strip();
    if (UNDEFINED.matcher(text).find()) {
      return text
          + "; if a profile leaves that service out, add the profile to COMPOSE_PROFILES in .env";
    }
    return NEEDED.matcher(text).find()
        ? text + "; write it into .env, or into env { … } in stack.conf"
        : text;
  }

  /** The names of variables without a value and without a default, each once, in order. */
  List<String> unsetVariables() {
    return warnings.stream()
        .map(UNSET::matcher)
        .filter(Matcher::matches)
        .map(matcher -> matcher.group("name"))
        .distinct()
        .sorted()
        .toList();
  }

  /** Whether a path begins with {@code ~} and nobody's home folder is known. */
  boolean homeIsMissing() {
    return warnings.stream().anyMatch(line -> line.startsWith(NO_HOME));
  }

  /** The warnings that are not about variables. */
  List<String> otherWarnings() {
    return warnings.stream()
        .filter(line -> !UNSET.matcher(line).matches() && !line.startsWith(NO_HOME))
        .filter(line -> !line.contains(OBSOLETE) && !line.contains(OBSOLETE_NOW))
        .distinct()
        .sorted()
        .toList();
  }
}
