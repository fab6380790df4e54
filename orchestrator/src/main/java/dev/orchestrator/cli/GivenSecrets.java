package dev.orchestrator.cli;

import dev.orchestrator.archive.ArchiveContents.Secrets;
import dev.orchestrator.archive.SecretBundle;
import dev.orchestrator.common.RefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Secrets that an import is given, because the file doesn't have them.
 *
 * @param variables values by name
 * @param files content in Base64, by path in the release
 */
record GivenSecrets(Map<String, String> variables, Map<String, String> files) {

  /** Those that a file had, decrypted. */
  static GivenSecrets of(SecretBundle bundle) {
    Map<String, String> files = new TreeMap<>();
    bundle
        .files()
        .forEach(
            (name, file) -> files.put(name, Base64.getEncoder().encodeToString(file.content())));
    return new GivenSecrets(bundle.variables(), files);
  }

  /**
   * Reads a file of lines {@code NAME=VALUE}, and {@code PATH=@FILE} for the content of a file;
   * asks for what is missing, where a person can answer.
   */
  static GivenSecrets read(Secrets wanted, @Nullable Path source, Terminal terminal) {
    Map<String, String> lines = source == null ? Map.of() : lines(source);
    Map<String, String> variables = new TreeMap<>();
    Map<String, String> files = new TreeMap<>();
    List<String> missing = new ArrayList<>();
    for (String name : wanted.variables()) {
      String value = lines.get(name);
      if (value != null) {
        variables.put(name, value);
      } else if (terminal.canAsk()) {
        variables.put(name, new String(PassphraseOption.hidden(terminal, name + ": ")));
      } else {
        missing.add(name);
      }
    }
    for (String name : wanted.files()) {
      String value = lines.get(name);
      if (value != null && value.startsWith("@")) {
        files.put(name, content(Path.of(value.substring(1))));
      } else if (terminal.canAsk()) {
        files.put(name, content(Path.of(terminal.ask(name + ", read from the file: "))));
      } else {
        missing.add(name);
      }
    }
    if (!missing.isEmpty()) {
      throw new RefusedException(
          "the file was exported without the secrets %s: give them with --secrets FILE, a line NAME=VALUE for each, or PATH=@FILE for a file"
              .formatted(String.join(", ", missing)));
    }
    return new GivenSecrets(variables, files);
  }

  private static Map<String, String> lines(Path source) {
    Map<String, String> lines = new TreeMap<>();
    try {
      int number = 0;
      for (String line : Files.readAllLines(source, StandardCharsets.UTF_8)) {
        number++;
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        int equals = line.indexOf('=');
        if (equals < 1) {
          throw new RefusedException("%s:%d: write NAME=VALUE".formatted(source, number));
        }
        lines.put(line.substring(0, equals).strip(), line.substring(equals + 1));
      }
    } catch (IOException e) {
      throw new RefusedException("can't read %s: %s".formatted(source, e.getMessage()), e);
    }
    return lines;
  }

  private static String content(Path file) {
    try {
      return Base64.getEncoder().encodeToString(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new RefusedException("can't read %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  /** Names alone. */
  @Override
  public String toString() {
    return "secrets %s %s".formatted(variables.keySet(), files.keySet());
  }
}
