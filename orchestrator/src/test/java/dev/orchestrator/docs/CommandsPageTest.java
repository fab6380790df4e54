package dev.orchestrator.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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
      COMMAND.matcher(source).results().forEach(found -> commands.add(found.group("name")));
    }
    assertTrue(commands.remove("orchestrator"), "no root command in " + SOURCES);

    Set<String> shown = new TreeSet<>();
    for (List<String> row : page.rows("command")) {
      shown.add(first(Page.code(row.getFirst()).getFirst()));
    }

    assertEquals(commands, shown);
  }

  @Test
  void everyOptionOfACommandIsInItsRows() throws IOException {
    String common = String.join("\n", page.lines());
    List<String> missing = new ArrayList<>();
    for (String source : sources()) {
      Matcher command = COMMAND.matcher(source);
      if (!command.find()) {
        continue;
      }
      String name = command.group("name");
      String rows =
          name.equals("orchestrator")
              ? common
              : page.rows("command").stream()
                  .filter(row -> first(Page.code(row.getFirst()).getFirst()).equals(name))
                  .map(row -> String.join(" ", row))
                  .toList()
                  .toString();
      OPTION
          .matcher(HIDDEN.matcher(source).replaceAll(""))
          .results()
          .map(found -> found.group("name"))
          .filter(option -> !rows.contains(option))
          .forEach(option -> missing.add(name + " " + option));
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

  private static String first(String words) {
    return words.split(" ", -1)[0];
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
