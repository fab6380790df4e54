package dev.orchestrator.archive;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Names of variables and files that look like those of secrets: what {@code secrets} of stack.conf
 * may have forgotten. A guess, which is proposed to a person and decides nothing.
 */
public final class SecretNames {
  /** A word of a variable's name, between underscores. */
  private static final Pattern VARIABLE =
      Pattern.compile(
          "(^|_)(PASS|PASSWD|PASSWORD|PASSPHRASE|PWD|SECRET|SECRETS|TOKEN|APIKEY|CREDENTIALS?|DSN)(_|$)"
              + "|(^|_)(API|ACCESS|AUTH|ENCRYPTION|LICEN[CS]E|MASTER|PRIVATE|SIGNING|APP)_KEY(_|$)"
              + "|PASSWORD|SECRET");

  /** What a variable is about that only names where a secret is, as {@code DB_PASSWORD_FILE}. */
  private static final Pattern PATH = Pattern.compile("_(FILE|PATH)$");

  private static final Set<String> FILES =
      Set.of(
          "id_rsa",
          "id_ed25519",
          "id_ecdsa",
          ".htpasswd",
          ".netrc",
          ".pgpass",
          ".my.cnf",
          "credentials.json",
          "acme.json",
          "htpasswd");

  private static final Pattern FILE =
      Pattern.compile(
          "\\.(key|p12|pfx|jks|keystore|kdbx)$|(^|[._-])(secrets?|password|passwd|token|private)([._-]|$)");

  private static final Pattern FOLDER = Pattern.compile("(^|/)\\.?(secrets?|private)/");

  private SecretNames() {}

  /** Those of the variables whose names look like a secret's and that aren't declared. */
  public static List<String> variables(Collection<String> names, Collection<String> declared) {
    return names.stream()
        .filter(name -> !declared.contains(name) && variable(name))
        .sorted()
        .toList();
  }

  /** Those of the paths that look like a secret's and that aren't declared. */
  public static List<String> files(Collection<String> paths, Collection<String> declared) {
    return paths.stream().filter(path -> !declared.contains(path) && file(path)).sorted().toList();
  }

  private static boolean variable(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    return VARIABLE.matcher(upper).find() && !PATH.matcher(upper).find();
  }

  private static boolean file(String path) {
    String lower = path.toLowerCase(Locale.ROOT);
    String name = lower.substring(lower.lastIndexOf('/') + 1);
    return FILES.contains(name) || FILE.matcher(name).find() || FOLDER.matcher(lower).find();
  }
}
