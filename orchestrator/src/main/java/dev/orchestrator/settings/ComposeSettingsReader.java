package dev.orchestrator.settings;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Reads {@code compose-files}, {@code env}, {@code adopted-paths} and {@code secrets} of a
 * stack.conf. No message has a value of env.
 */
final class ComposeSettingsReader {
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  private ComposeSettingsReader() {}

  static ComposeSettings read(SettingsSection stack) {
    List<String> files = new ArrayList<>();
    for (String file : stack.texts("compose-files")) {
      if (!isBelow(file)) {
        stack.addError(
            "compose-files",
            "\"%s\" is not a file of a release; write its path from the release's folder, such as docker-compose.yml"
                .formatted(file));
      } else if (files.contains(file)) {
        stack.addError(
            "compose-files", "\"%s\" is given twice; remove one of the two".formatted(file));
      } else {
        files.add(file);
      }
    }
    Map<String, String> env = new TreeMap<>();
    stack.section("env").ifPresent(section -> readEnv(section, env));
    return new ComposeSettings(
        List.copyOf(files), Map.copyOf(env), adoptedPaths(stack), secrets(stack));
  }

  private static List<String> secrets(SettingsSection stack) {
    List<String> secrets = new ArrayList<>();
    for (String secret : stack.texts("secrets")) {
      if (!isBelow(secret)) {
        stack.addError(
            "secrets",
            "\"%s\" is neither a variable's name nor a file of a release; write for example DB_PASSWORD or secrets/tls.key"
                .formatted(secret));
      } else if (secrets.contains(secret)) {
        stack.addError("secrets", "\"%s\" is given twice; remove one of the two".formatted(secret));
      } else {
        secrets.add(secret);
      }
    }
    return List.copyOf(secrets);
  }

  private static Map<String, String> adoptedPaths(SettingsSection stack) {
    Map<String, String> paths = new TreeMap<>();
    for (SettingsSection section : stack.sections("adopted-paths")) {
      String path = section.text("path", "/srv/photos");
      String is = section.text("is", "./outside/srv/photos");
      if (!is.isEmpty() && !is.equals(".") && !isBelow(is)) {
        section.addError(
            "is",
            "\"%s\" is not a path in the release's folder; write for example ./outside/srv/photos"
                .formatted(is));
      }
      if (!path.isEmpty() && isBelow(path)) {
        section.addError(
            "path",
            "\"%s\" is in the release's folder already; write a path of the host".formatted(path));
      } else if (paths.put(path, is) != null) {
        section.addError("path", path + " is given twice; remove one of the two");
      }
      section.rejectUnknownKeys();
    }
    return Map.copyOf(paths);
  }

  private static void readEnv(SettingsSection section, Map<String, String> env) {
    for (String name : section.keys()) {
      if (!VARIABLE.matcher(name).matches()) {
        section.addError(
            name, "is not a variable's name; write letters, digits and _, no digit first");
      }
      String value = section.scalar(name);
      if (value.indexOf('\0') >= 0) {
        section.addError(name, "has a NUL character; remove it");
      }
      if (section.has(name)) {
        env.put(name, value);
      }
    }
  }

  private static boolean isBelow(String file) {
    try {
      Path path = Path.of(file).normalize();
      return !file.isEmpty()
          && !path.toString().isEmpty()
          && !path.isAbsolute()
          && !path.startsWith("..")
          && file.indexOf('\n') < 0;
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
