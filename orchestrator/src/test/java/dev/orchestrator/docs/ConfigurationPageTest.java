package dev.orchestrator.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValue;
import dev.orchestrator.settings.InvalidSettingsException;
import dev.orchestrator.settings.SettingsLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationPageTest {
  /** A key that is like none, so that the refusal lists all that there are. */
  private static final String UNKNOWN = "q".repeat(60);

  private static final Pattern REFUSAL =
      Pattern.compile(".*" + UNKNOWN + ": is not a setting; known: (?<known>[a-z, -]+)");

  /** What only a stack.conf has. The other sections may be in both files. */
  private static final Set<String> OF_STACK =
      Set.of(
          "name",
          "routes",
          "secrets",
          "probes",
          "invariants",
          "compose-files",
          "adopted-paths",
          "env",
          "docker-socket");

  private final Page page = Page.ofManual("configuration.md");

  @TempDir Path folder;

  /** A row: the key's path, such as {@code probes[].http.port}, its default and its type. */
  private record Row(String key, String standard, String type) {
    boolean ofStack() {
      return OF_STACK.contains(key.replaceFirst("[.\\[].*", ""));
    }

    boolean hasKeys() {
      return type.equals("list") || type.equals("section");
    }
  }

  private Map<String, Row> rows() {
    Map<String, Row> rows = new TreeMap<>();
    for (List<String> cells : page.rows("key")) {
      String key = Page.code(cells.getFirst()).getFirst();
      assertNull(rows.put(key, new Row(key, cells.get(1), cells.get(2))), key + " has two rows");
    }
    return rows;
  }

  @Test
  void everyKeyOfTheReferenceIsThereWithItsDefault() {
    Map<String, Row> rows = rows();
    List<String> wrong = new ArrayList<>();
    reference()
        .entrySet()
        .forEach(entry -> {
          Row row = rows.get(entry.getKey());
          if (row == null) {
            wrong.add(entry.getKey() + " has no row");
          } else if (!isDefault(row.standard(), entry.getValue())) {
            wrong.add(
                "%s is %s, the page says %s"
                    .formatted(entry.getKey(), entry.getValue().unwrapped(), row.standard()));
          }
        });

    assertEquals(List.of(), wrong);
  }

  private static Config reference() {
    return ConfigFactory.parseResources("reference.conf").getConfig("orchestrator");
  }

  private static boolean isDefault(String cell, ConfigValue value) {
    List<String> code = Page.code(cell);
    return code.size() == 1
        && ConfigFactory.parseString("key = " + code.getFirst())
            .getValue("key")
            .unwrapped()
            .equals(value.unwrapped());
  }

  /** The readers themselves are asked, section by section, which keys they know. */
  @Test
  void thePageHasTheKeysThatTheReadersKnowAndNoOthers() throws IOException {
    Map<String, Row> rows = rows();
    Map<String, Set<String>> shown = new TreeMap<>();
    for (Row row : rows.values()) {
      String within = row.ofStack() ? "stack.conf" : "orchestrator.conf";
      String path = "";
      for (String name : row.key().split("\\.", -1)) {
        shown
            .computeIfAbsent(within + " " + path, _ -> new TreeSet<>())
            .add(name.replace("[]", ""));
        path += (path.isEmpty() ? "" : ".") + name;
      }
      if (row.hasKeys()) {
        String inner = path + (row.type().equals("list") ? "[]" : "");
        shown.computeIfAbsent(within + " " + inner, _ -> new TreeSet<>());
      }
    }
    shown
        .getOrDefault("stack.conf ", new TreeSet<>())
        .addAll(
            List.of(
                "data",
                "upgrade",
                "rehearse",
                "heal",
                "backup",
                "schedule",
                "security",
                "snapshots"));

    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, Set<String>> section : shown.entrySet()) {
      String[] words = section.getKey().split(" ", -1);
      Set<String> known = known(words[0].equals("stack.conf"), words[1]);
      without(known, section.getValue())
          .forEach(key -> wrong.add(section.getKey() + ": " + key + " has no row"));
      without(section.getValue(), known)
          .forEach(key -> wrong.add(section.getKey() + ": no reader knows " + key));
    }

    assertEquals(List.of(), wrong);
    assertTrue(shown.size() >= 18, "only the sections " + shown.keySet());
  }

  private static Set<String> without(Set<String> all, Set<String> some) {
    Set<String> rest = new TreeSet<>(all);
    rest.removeAll(some);
    return rest;
  }

  /** What the refusal of a key that nobody knows lists, in a section such as {@code routes[]}. */
  private Set<String> known(boolean ofStack, String section) throws IOException {
    String text = UNKNOWN + " = 1";
    String[] names = section.isEmpty() ? new String[0] : section.split("\\.", -1);
    for (int i = names.length - 1; i >= 0; i--) {
      text =
          names[i].endsWith("[]")
              ? names[i].replace("[]", " = [ { ") + text + " } ]"
              : names[i] + " { " + text + " }";
    }
    Files.createDirectories(folder.resolve("image"));
    Path stack = Files.createDirectories(folder.resolve("stacks/demo")).resolve("stack.conf");
    Path conf = folder.resolve("orchestrator.conf");
    Files.writeString(stack, ofStack ? text : "");
    Files.writeString(conf, "stack = demo\n" + (ofStack ? "" : text));
    InvalidSettingsException refused =
        assertThrows(
            InvalidSettingsException.class, () -> SettingsLoader.load(conf, Map.of()), section);
    for (String line : String.valueOf(refused.getMessage()).lines().toList()) {
      Matcher refusal = REFUSAL.matcher(line);
      if (refusal.matches()) {
        return new TreeSet<>(List.of(refusal.group("known").split(", ", -1)));
      }
    }
    throw new AssertionError(section + " doesn't refuse an unknown key: " + refused.getMessage());
  }
}
