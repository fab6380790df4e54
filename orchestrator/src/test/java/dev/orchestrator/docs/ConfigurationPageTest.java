package dev.orchestrator.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValue;
import dev.orchestrator.settings.InvalidSettings;
import dev.orchestrator.settings.SettingsLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationPageTest {
  private static final String LISTED = "[]";

  /** Keys that reference.conf can't have, as they have no default. */
  private static final String STACK = "stack";

  private static final Path READERS = Path.of("src/main/java/dev/orchestrator/settings");

  /** A key where a reader asks for it: {@code section.text("host")}, {@code part("api")}. */
  private static final Pattern ASKED =
      Pattern.compile(
          "(?:\\.(?:bytes|choice|find|flag|has|section|sections|text|texts|time|whole|parsed)\\(|\\b(?:section|stack|probe|parent|root),"
              + " |\\bpart\\()\\s*\"(?<key>[a-z][a-z-]*)\"");

  /** The kinds of probes are asked for by a list. */
  private static final Pattern KINDS = Pattern.compile("KINDS = List\\.of\\((?<kinds>[^)]*)\\)");

  private final Page page = Page.ofManual("configuration.md");

  @TempDir Path folder;

  /** From the key to what the page says is its default. */
  private Map<String, String> keys() {
    Map<String, String> keys = new TreeMap<>();
    for (List<String> row : page.rows("key")) {
      String key = Page.code(row.getFirst()).getFirst();
      assertEquals(null, keys.put(key, row.get(1)), key + " has two rows");
    }
    return keys;
  }

  @Test
  void everyKeyOfTheReferenceIsThereWithItsDefault() {
    Config reference = ConfigFactory.parseResources("reference.conf").getConfig("orchestrator");
    Map<String, String> shown = keys();
    List<String> wrong = new ArrayList<>();
    reference
        .entrySet()
        .forEach(entry -> {
          String key = entry.getKey();
          String cell = shown.get(key);
          if (cell == null) {
            wrong.add(key + " has no row");
          } else if (!isDefault(cell, entry.getValue())) {
            wrong.add(key + " is " + entry.getValue().unwrapped() + ", the page says " + cell);
          }
        });

    assertEquals(List.of(), wrong);
  }

  private static boolean isDefault(String cell, ConfigValue value) {
    List<String> code = Page.code(cell);
    return code.size() == 1
        && ConfigFactory.parseString("key = " + code.getFirst())
            .getValue("key")
            .unwrapped()
            .equals(value.unwrapped());
  }

  @Test
  void everyKeyWithADefaultOfItsOwnIsInTheReferenceOrOfAStack() {
    Config reference = ConfigFactory.parseResources("reference.conf").getConfig("orchestrator");
    List<String> ofStack = List.of("name", "routes", "probes");
    List<String> unknown =
        keys().keySet().stream()
            .filter(key -> !key.contains(LISTED) && !key.equals(STACK))
            .filter(key -> !ofStack.contains(key) && !reference.hasPath(key))
            .toList();

    assertEquals(List.of(), unknown);
  }

  /** The readers themselves are asked: with a value of a kind that none of them takes. */
  @Test
  void everyKeyOfThePageIsKnownToAReader() throws IOException {
    List<String> unknown = new ArrayList<>();
    for (String key : keys().keySet()) {
      String told = toldOf(key);
      if (told.contains("is no setting")) {
        unknown.add(key + ": " + told);
      }
    }

    assertEquals(List.of(), unknown);
    for (String key : List.of("nosuch", "data.nosuch", "routes[].nosuch", "probes[].http.nosuch")) {
      assertTrue(toldOf(key).contains("is no setting"), key + " is told: " + toldOf(key));
    }
  }

  /** What the service says of a file in which that key is an object, or a list of lists. */
  private String toldOf(String key) throws IOException {
    String text = "{ \"?\" = 1 }";
    String[] names = key.split("\\.", -1);
    for (int i = names.length - 1; i >= 0; i--) {
      boolean listed = names[i].endsWith(LISTED);
      String name = names[i].replace(LISTED, "");
      text = "{ " + name + " = " + (listed ? "[ " + text + " ]" : text) + " }";
    }
    boolean ofStack =
        key.startsWith("name") || key.startsWith("routes") || key.startsWith("probes");
    Path conf = folder.resolve("orchestrator.conf");
    Files.createDirectories(folder.resolve("image"));
    Path stack = Files.createDirectories(folder.resolve("stacks/demo")).resolve("stack.conf");
    String inner = text.substring(1, text.length() - 1);
    Files.writeString(stack, ofStack ? inner : "");
    Files.writeString(conf, "stack = demo\n" + (ofStack ? "" : inner));
    String told =
        String.valueOf(
            assertThrows(InvalidSettings.class, () -> SettingsLoader.load(conf, Map.of()), key)
                .getMessage());
    // The object's own key is one that nobody knows, where an object is right.
    return String.join(
        "; ",
        told.lines().filter(line -> !line.contains("\"?\"") && !line.contains("?:")).toList());
  }

  /** The other way round, by the readers' sources: what they ask for has a row. */
  @Test
  void everyKeyThatAReaderAsksForIsThere() throws IOException {
    TreeSet<String> asked = new TreeSet<>();
    try (Stream<Path> files = Files.list(READERS)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        String source = Files.readString(file);
        ASKED.matcher(source).results().forEach(found -> asked.add(found.group("key")));
        KINDS
            .matcher(source)
            .results()
            .flatMap(found -> Stream.of(found.group("kinds").split("[\", ]+", -1)))
            .filter(kind -> !kind.isEmpty())
            .forEach(asked::add);
      }
    }
    TreeSet<String> names = new TreeSet<>();
    for (String key : keys().keySet()) {
      names.addAll(List.of(key.replace(LISTED, "").split("\\.", -1)));
    }

    assertTrue(asked.size() > 50, "only " + asked + " in " + READERS);
    asked.removeAll(names);
    assertEquals(List.of(), List.copyOf(asked));
  }
}
