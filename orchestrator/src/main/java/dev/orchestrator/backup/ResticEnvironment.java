package dev.orchestrator.backup;

import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.settings.PrivateFile;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What restic is told by its environment: the repository and all secrets. Read anew for each run,
 * as a password may have been changed. It has no text of its own: it would have the secrets.
 */
final class ResticEnvironment {
  static final String REPOSITORY = "RESTIC_REPOSITORY";
  static final String PASSWORD = "RESTIC_PASSWORD";
  private static final Pattern LINE = Pattern.compile("(export\\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)");
  private static final Pattern REST = Pattern.compile("rest:(https?)://([^/@]+)(/.*)?");
  private static final Pattern IN_ADDRESS = Pattern.compile("://[^/@\\s]*:[^/@\\s]*@");
  private static final int SHORTEST_SECRET = 4;

  private final Map<String, String> variables = new TreeMap<>();

  private ResticEnvironment() {}

  /** Reads the files of the settings. */
  static ResticEnvironment read(BackupSettings settings) {
    ResticEnvironment result = new ResticEnvironment();
    Path environment = settings.environmentFile();
    if (environment != null) {
      result.addAll(environment, text(environment, "environment-file").lines().toList());
    }
    Path password = settings.passwordFile();
    if (password == null) {
      throw new BackupException(Kind.SETTINGS, "backup.password-file is missing in stack.conf");
    }
    // As restic itself reads such a file: all of it, without the white space around it.
    result.variables.put(PASSWORD, text(password, "password-file").strip());
    result.variables.put(REPOSITORY, result.repository(settings.repository()));
    // Lines of progress, where there is no terminal.
    result.variables.put("RESTIC_PROGRESS_FPS", "1");
    return result;
  }

  private static String text(Path file, String key) {
    PrivateFile.problem(file)
        .ifPresent(problem -> {
          throw new BackupException(Kind.SETTINGS, "backup." + key + ": " + problem);
        });
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new BackupException(
          Kind.SETTINGS,
          "backup.%s: %s can't be read as text (%s)"
              .formatted(key, file, e.getClass().getSimpleName()),
          e);
    }
  }

  private void addAll(Path file, List<String> lines) {
    int number = 0;
    for (String line : lines) {
      number++;
      String text = line.strip();
      if (text.isEmpty() || text.startsWith("#")) {
        continue;
      }
      Matcher matcher = LINE.matcher(text);
      if (!matcher.matches()) {
        throw new BackupException(
            Kind.SETTINGS,
            "backup.environment-file: %s:%d: is not NAME=value; write one variable a line"
                .formatted(file, number));
      }
      variables.put(matcher.group(2), unquoted(matcher.group(3)));
    }
  }

  private static String unquoted(String value) {
    boolean quoted =
        value.length() >= 2
            && (value.charAt(0) == '"' || value.charAt(0) == '\'')
            && value.charAt(value.length() - 1) == value.charAt(0);
    return quoted ? value.substring(1, value.length() - 1) : value;
  }

  /** restic before 0.17 takes user and password of a REST server from the address alone. */
  private String repository(String address) {
    Matcher rest = REST.matcher(address);
    String user = variables.getOrDefault("RESTIC_REST_USERNAME", "");
    if (user.isEmpty() || !rest.matches()) {
      return address;
    }
    return "rest:%s://%s:%s@%s%s"
        .formatted(
            rest.group(1),
            encoded(user),
            encoded(variables.getOrDefault("RESTIC_REST_PASSWORD", "")),
            rest.group(2),
            rest.group(3) == null ? "/" : rest.group(3));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** The files of this host that variables name, such as a certificate of a server's own. */
  List<String> files() {
    return variables.entrySet().stream()
        .filter(variable -> !variable.getKey().equals(PASSWORD))
        .map(Map.Entry::getValue)
        .filter(value -> value.startsWith("/") && Files.isRegularFile(Path.of(value)))
        .distinct()
        .toList();
  }

  /** The variables; they are secrets. */
  Map<String, String> variables() {
    return Map.copyOf(variables);
  }

  /** A line of restic's without secrets. */
  String redacted(String line) {
    String result = IN_ADDRESS.matcher(line).replaceAll("://…@");
    for (Map.Entry<String, String> variable : variables.entrySet()) {
      String value = variable.getValue();
      if (value.length() >= SHORTEST_SECRET && !variable.getKey().equals(REPOSITORY)) {
        result = result.replace(value, "…");
      }
    }
    return result;
  }

  @Override
  public String toString() {
    return "ResticEnvironment" + variables.keySet();
  }
}
