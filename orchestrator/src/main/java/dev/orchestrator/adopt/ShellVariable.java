package dev.orchestrator.adopt;

import java.util.List;
import java.util.regex.Pattern;

/**
 * A variable of the shell that started a project, as its running containers tell it.
 *
 * @param value may be a secret
 * @param places where it is used, such as {@code service web: image}
 */
public record ShellVariable(String name, String value, List<String> places) {
  private static final Pattern SECRET =
      Pattern.compile(
          "(?i).*(pass|secret|token|key|credential|auth|private|salt|dsn|cookie|cert|pin$).*");
  private static final Pattern URL_WITH_PASSWORD = Pattern.compile("(?s).*://[^/\\s]*:[^/\\s]*@.*");

  public ShellVariable {
    places = List.copyOf(places);
  }

  /** Whether a value is hidden wherever it would be shown: by its name, or as it has a password. */
  static boolean isSecret(String name, String value) {
    return SECRET.matcher(name).matches() || URL_WITH_PASSWORD.matcher(value).matches();
  }

  /** Whether its value is hidden wherever it would be shown. */
  public boolean secret() {
    return isSecret(name, value);
  }

  /** The value for a person. */
  public String shown() {
    return secret() ? "(hidden)" : value;
  }

  @Override
  public String toString() {
    return name + "=" + shown();
  }
}
