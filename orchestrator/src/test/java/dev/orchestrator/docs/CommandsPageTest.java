package dev.orchestrator.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The commands as their sources annotate them: the classes are the command line's own. */
class CommandsPageTest {
  private static final Path SOURCES = Path.of("src/main/java/dev/orchestrator/cli");
  private static final Path EXIT_CODES =
      Path.of("src/main/java/dev/orchestrator/client/ExitCode.java");
  private static final Pattern COMMAND =
      Pattern.compile("@Command\\(\\s*name = \"(?<name>[a-z-]+)\"");
  private static final Pattern OPTION = Pattern.compile("\"(?<name>--[a-z-]+)\"");
  private static final Pattern HIDDEN = Pattern.compile("\"--[a-z-]+\", hidden = true");
  private static final Pattern LISTED = Pattern.compile("\"(?<code>[0-9]+):[^\"]+\"");
  private static final Pattern CONSTANT =
      Pattern.compile("static final int [A-Z_]+ = (?<code>[0-9]+);");

  private final Page page = Page.ofManual("operating.md");

  @Test
  void everyCommandHasARowAndEveryRowIsACommand() throws IOException {
    Set<String> commands = new TreeSet<>();
    for (String source : sources()) {
      commands.addAll(commandsOf(source).keySet());
    }
    assertTrue(commands.remove("orchestrator"), "no root command in " + SOURCES);
    assertTrue(commands.remove("snapshot"), "it does nothing by itself");
    assertTrue(commands.remove("backup"), "it does nothing by itself");

    Set<String> shown = new TreeSet<>();
    for (List<String> row : page.rows("command")) {
      shown.add(commandOf(row, commands));
    }

    assertEquals(commands, shown);
  }

  @Test
  void everyOptionOfACommandIsInItsRows() throws IOException {
    String common = String.join("\n", page.lines());
    List<String> missing = new ArrayList<>();
    for (String source : sources()) {
      for (Map.Entry<String, String> command : commandsOf(source).entrySet()) {
        String name = command.getKey();
        String rows =
            name.equals("orchestrator")
                ? common
                : page.rows("command").stream()
                    .filter(row -> commandOf(row, Set.of(name)).equals(name))
                    .map(row -> String.join(" ", row))
                    .toList()
                    .toString();
        OPTION
            .matcher(HIDDEN.matcher(command.getValue()).replaceAll(""))
            .results()
            .map(found -> found.group("name"))
            .filter(option -> !rows.contains(option))
            .forEach(option -> missing.add(name + " " + option));
      }
    }

    assertEquals(List.of(), missing);
  }

  @Test
  void everyExitCodeHasARowAndEveryRowIsAnExitCode() throws IOException {
    Set<String> codes = new TreeSet<>();
    Set<String> listed = new TreeSet<>();
    CONSTANT
        .matcher(Files.readString(EXIT_CODES))
        .results()
        .forEach(found -> codes.add(found.group("code")));
    for (String source : sources()) {
      if (source.contains("exitCodeList = {")) {
        LISTED.matcher(source).results().forEach(found -> listed.add(found.group("code")));
      }
    }
    assertTrue(codes.size() > 5, "only the codes " + codes + " in " + EXIT_CODES);
    assertTrue(listed.containsAll(codes), "--help lists " + listed + " of " + codes);

    Set<String> shown = new TreeSet<>();
    page.rows("code").forEach(row -> shown.add(row.getFirst()));

    assertEquals(listed, shown);
  }

  /**
   * The commands of a source with the part of it that is theirs: the first is the file's, those
   * after it are below it, as {@code backup run} is. A command with a file of its own that is below
   * another has the whole name in the comment in front of it.
   */
  private static Map<String, String> commandsOf(String source) {
    Map<String, String> parts = new LinkedHashMap<>();
    List<MatchResult> found = COMMAND.matcher(source).results().toList();
    for (int i = 0; i < found.size(); i++) {
      String name = found.get(i).group("name");
      int end = i + 1 < found.size() ? found.get(i + 1).start() : source.length();
      String before = source.substring(0, found.get(i).start());
      Matcher whole = Pattern.compile("\\{@code (?<name>[a-z-]+ " + name + ")}").matcher(before);
      String first = whole.find() ? whole.group("name") : name;
      parts.put(
          i == 0 ? first : found.getFirst().group("name") + " " + name,
          source.substring(found.get(i).start(), end));
    }
    return parts;
  }

  /** The command of a row: its first word, or its first two where that is a command. */
  private static String commandOf(List<String> row, Set<String> commands) {
    String[] words = Page.code(row.getFirst()).getFirst().split(" ", -1);
    String two = words.length > 1 ? words[0] + " " + words[1] : words[0];
    return commands.contains(two) ? two : words[0];
  }

  private static List<String> sources() throws IOException {
    List<String> sources = new ArrayList<>();
    try (Stream<Path> files = Files.list(SOURCES)) {
      for (Path file : files.filter(file -> file.toString().endsWith(".java")).sorted().toList()) {
        sources.add(Files.readString(file));
      }
    }
    return sources;
  }
}
