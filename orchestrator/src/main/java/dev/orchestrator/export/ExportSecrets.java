package dev.orchestrator.export;

import dev.orchestrator.archive.SecretBundle;
import dev.orchestrator.archive.SecretBundle.SecretFile;
import dev.orchestrator.archive.SecretFilter;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.release.EnvFile;
import dev.orchestrator.settings.StackSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The secrets that a stack.conf declares, as a release has them.
 *
 * @param filter takes them out of what is exported
 * @param bundle has them, with their values
 */
record ExportSecrets(SecretFilter filter, SecretBundle bundle) {
  /** What is larger is no text with a password in it. */
  private static final long LARGEST_TEXT = 1 << 20;

  /** A shorter value may be anywhere by chance. */
  private static final int SHORTEST_VALUE = 5;

  /**
   * Finds the secrets of a release. Refuses one that isn't there, and values that would go along
   * all the same, in a file that is not declared.
   */
  static ExportSecrets of(StackSettings stack, Path release) throws IOException {
    Map<String, String> known = EnvFile.read(release);
    Map<String, String> variables = new TreeMap<>();
    Map<String, SecretFile> files = new TreeMap<>();
    for (String secret : stack.compose().secrets()) {
      Path file = release.resolve(secret);
      if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        files.put(secret, secretFile(file));
      } else if (stack.compose().env().containsKey(secret)) {
        throw new RefusedException(
            "secrets: %s is set in 'env' of stack.conf, which is exported: set it in %s instead"
                .formatted(secret, release.resolve(".env")));
      } else if (known.containsKey(secret)) {
        variables.put(secret, known.getOrDefault(secret, ""));
      } else {
        throw new RefusedException(
            "secrets: %s is neither a file of %s nor a variable in its .env: set it there, or take it out of 'secrets' in stack.conf"
                .formatted(secret, release));
      }
    }
    requireNowhereElse(release, variables, files.keySet());
    return new ExportSecrets(
        new SecretFilter(variables, files.keySet()), new SecretBundle(variables, files));
  }

  private static SecretFile secretFile(Path file) throws IOException {
    if (Files.size(file) > LARGEST_TEXT) {
      throw new RefusedException(
          "secrets: %s is larger than 1 MB, and can't be a secret".formatted(file));
    }
    return SecretFile.of(
        (int) Files.getAttribute(file, "unix:mode") & 07777,
        (int) Files.getAttribute(file, "unix:uid"),
        (int) Files.getAttribute(file, "unix:gid"),
        Files.readAllBytes(file));
  }

  private static void requireNowhereElse(
      Path release, Map<String, String> variables, Set<String> files) throws IOException {
    SecretFilter filter = new SecretFilter(variables, new TreeSet<>(files));
    for (FileTree.Entry each : FileTree.of(release)) {
      if (!each.file() || files.contains(each.name()) || Files.size(each.path()) > LARGEST_TEXT) {
        continue;
      }
      byte[] bytes = Files.readAllBytes(each.path());
      String text =
          new String(
              each.name().equals(".env") ? filter.env(bytes) : bytes, StandardCharsets.ISO_8859_1);
      for (Map.Entry<String, String> variable : variables.entrySet()) {
        String value =
            new String(
                variable.getValue().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        if (value.length() >= SHORTEST_VALUE && text.contains(value)) {
          throw new RefusedException(
              "secrets: %s has the value of %s, and would be exported with it: write ${%s} there, or declare the file in 'secrets', too"
                  .formatted(each.path(), variable.getKey(), variable.getKey()));
        }
      }
    }
  }
}
