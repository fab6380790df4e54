package dev.orchestrator.release;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A release's {@code .env}, as far as it can be read without Compose: variables within values stay
 * as they are written, and a value is one line. For messages and checks; what a compose file gets
 * is Compose's own reading.
 */
public final class EnvFile {
  private static final Pattern LINE =
      Pattern.compile("\\s*(?:export\\s+)?(?<name>\\w+)\\s*[=:]\\s*(?<value>.*?)\\s*");
  private static final Pattern QUOTED = Pattern.compile("(?<quote>[\"'])(?<text>.*?)\\k<quote>.*");
  private static final long LIMIT = 1 << 20;

  private EnvFile() {}

  /**
   * The variables by name, the last value of each; none where there is no such file. The values may
   * be secrets.
   */
  public static Map<String, String> read(Path release) {
    return of(release.resolve(".env"));
  }

  /** The same of a file of another name. */
  public static Map<String, String> of(Path file) {
    Map<String, String> found = new TreeMap<>();
    try {
      if (Files.isRegularFile(file) && Files.size(file) <= LIMIT) {
        for (String line : Files.readString(file, StandardCharsets.ISO_8859_1).lines().toList()) {
          Matcher matcher = LINE.matcher(line);
          if (matcher.matches()) {
            found.put(matcher.group("name"), text(matcher.group("value")));
          }
        }
      }
    } catch (IOException e) {
      // Compose says it when it reads the file.
    }
    return found;
  }

  private static String text(String value) {
    Matcher quoted = QUOTED.matcher(value);
    return quoted.matches() ? quoted.group("text") : value.replaceFirst("(^|\\s+)#.*", "");
  }
}
