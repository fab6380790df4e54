package dev.orchestrator.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A page of the manual in Markdown: its headings, links and tables. */
record Page(Path file, List<String> lines) {
  /** The project's folder: tests run in that of their module. */
  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private static final Pattern FENCE = Pattern.compile("\\s*(```|~~~).*");
  private static final Pattern HEADING = Pattern.compile("#{1,6}\\s+(?<text>.*?)\\s*#*");
  private static final Pattern CODE = Pattern.compile("`[^`]*`");
  private static final Pattern LINK =
      Pattern.compile("\\[(?:[^\\[\\]]|\\[[^\\]]*\\])*\\]\\((?<target>[^)\\s]+)\\)");

  /** Lines of code blocks are left out: they are no Markdown. */
  static Page read(Path file) {
    List<String> text = new ArrayList<>();
    boolean code = false;
    try {
      for (String line : Files.readAllLines(file)) {
        boolean fence = FENCE.matcher(line).matches();
        text.add(code || fence ? "" : line);
        code = fence != code;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Page(file, List.copyOf(text));
  }

  /** A page below orchestrator/docs. */
  static Page ofManual(String name) {
    return read(ROOT.resolve("orchestrator/docs").resolve(name));
  }

  /** README, the manual, and what is for contributors. */
  static List<Page> all() {
    List<Page> pages = new ArrayList<>();
    pages.add(read(ROOT.resolve("README.md")));
    for (String folder : List.of("orchestrator/docs", ".github")) {
      try (Stream<Path> files = Files.list(ROOT.resolve(folder))) {
        files
            .filter(file -> file.toString().endsWith(".md"))
            .sorted()
            .map(Page::read)
            .forEach(pages::add);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return pages;
  }

  String name() {
    return ROOT.relativize(file).toString();
  }

  /** A link with the number of its line. */
  record Link(int line, String target) {}

  List<Link> links() {
    List<Link> links = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      // Links may have code as their text, and code may look like a link.
      Matcher found = LINK.matcher(CODE.matcher(lines.get(i)).replaceAll("code"));
      while (found.find()) {
        links.add(new Link(i + 1, found.group("target")));
      }
    }
    return links;
  }

  /** The anchors of its headings, as GitHub makes them. */
  Set<String> anchors() {
    Map<String, Integer> seen = new HashMap<>();
    Set<String> anchors = new LinkedHashSet<>();
    for (String line : lines) {
      Matcher heading = HEADING.matcher(line);
      if (heading.matches()) {
        String anchor =
            heading
                .group("text")
                .replaceAll("\\[([^\\]]*)\\]\\([^)]*\\)", "$1")
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N}_ -]", "")
                .replace(' ', '-');
        int before = seen.merge(anchor, 1, Integer::sum) - 1;
        anchors.add(before == 0 ? anchor : anchor + "-" + before);
      }
    }
    return anchors;
  }

  /** The cells of the rows of all tables whose first column has that heading. */
  List<List<String>> rows(String firstColumn) {
    List<List<String>> rows = new ArrayList<>();
    boolean inside = false;
    for (String line : lines) {
      if (!line.startsWith("|")) {
        inside = false;
        continue;
      }
      List<String> cells = cells(line);
      if (inside) {
        rows.add(cells);
      } else {
        inside = cells.getFirst().equals(firstColumn);
      }
    }
    rows.removeIf(cells -> cells.getFirst().matches("-+"));
    return rows;
  }

  private static List<String> cells(String line) {
    String inner = line.strip().replaceFirst("^\\|", "").replaceFirst("\\|$", "");
    return Stream.of(inner.split("(?<!\\\\)\\|", -1)).map(String::strip).toList();
  }

  /** What is written as code in a cell: {@code `a`} is a. */
  static List<String> code(String cell) {
    return CODE.matcher(cell)
        .results()
        .map(found -> cell.substring(found.start() + 1, found.end() - 1))
        .toList();
  }
}
