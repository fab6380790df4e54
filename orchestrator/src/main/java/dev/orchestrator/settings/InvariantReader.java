package dev.orchestrator.settings;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Reads the {@code invariants} of a stack.conf. */
final class InvariantReader {
  private static final List<String> KINDS = List.of("query", "table", "files", "http");
  private static final String WRITE =
      "; write query = \"select …\", table = books, files = \"/path\" or http { … }";
  private static final Duration SHORTEST = Duration.ofMillis(100);
  private static final Duration LONGEST = Duration.ofMinutes(10);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** A table's name as the database has it, behind that of its schema. */
  private static final Pattern TABLE =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_$]{0,63}([.][A-Za-z_][A-Za-z0-9_$]{0,63})?");

  private static final Pattern DATABASE = Pattern.compile("/.+|[A-Za-z0-9_][A-Za-z0-9_$-]{0,63}");

  private InvariantReader() {}

  static List<Invariant> read(SettingsSection stack) {
    List<Invariant> invariants = new ArrayList<>();
    for (SettingsSection section : stack.sections("invariants")) {
      String name = NameRules.read(section, "name", "books");
      if (!name.isEmpty() && invariants.stream().anyMatch(other -> other.name().equals(name))) {
        section.addError(
            "name", "\"" + name + "\" is the name of another invariant; write a different name");
      }
      String service = NameRules.service(section);
      Duration timeout = section.time("timeout", SHORTEST, LONGEST, TIMEOUT);
      List<String> kinds = KINDS.stream().filter(section::has).toList();
      if (kinds.size() == 1) {
        figure(section, kinds.getFirst())
            .ifPresent(figure -> {
              Expectation expect = expectation(section, figure);
              boolean bake = section.flag("bake", expect.isLowerBound());
              invariants.add(new Invariant(name, service, figure, expect, timeout, bake));
            });
      } else {
        section.addError(
            (kinds.isEmpty() ? "asks for nothing" : "has " + String.join(" and ", kinds)) + WRITE);
      }
      section.find("database");
      section.find("expect");
      section.find("bake");
      section.rejectUnknownKeys();
    }
    return List.copyOf(invariants);
  }

  private static Optional<Invariant.Figure> figure(SettingsSection section, String kind) {
    boolean asksDatabase = kind.equals("query") || kind.equals("table");
    if (section.has("database") && !asksDatabase) {
      section.addError("database", "is for a query or a table; leave it out");
    }
    return switch (kind) {
      case "query" -> {
        String sql = section.text("query").strip();
        if (sql.isEmpty()) {
          section.addError("query", "is empty; write \"select count(*) from books\"");
        }
        yield Optional.of(new Invariant.Query(database(section), sql));
      }
      case "table" -> {
        String table = section.text("table");
        if (!TABLE.matcher(table).matches()) {
          section.addError(
              "table",
              "\"" + table + "\" is not a table's name; write books or shop.books, or a query");
        }
        yield Optional.of(new Invariant.Table(database(section), table));
      }
      case "files" -> {
        String path = section.text("files");
        if (!path.matches("/[^\\n\\x00]*")) {
          section.addError(
              "files", "\"" + path + "\" is not an absolute path; write a path in the container");
        }
        yield Optional.of(new Invariant.Files(path));
      }
      default -> section.section("http").map(InvariantReader::http);
    };
  }

  private static String database(SettingsSection section) {
    String database = section.text("database");
    if (section.has("database") && !DATABASE.matcher(database).matches()) {
      section.addError(
          "database",
          "\"%s\" is not a database; write its name, or the absolute path of an SQLite file"
              .formatted(database));
    }
    return database;
  }

  private static Invariant.Figure http(SettingsSection section) {
    int port = section.whole("port", 1, 65_535);
    String path = ProbeReader.path(section);
    String number = section.text("number");
    Pattern pattern =
        number.isEmpty()
            ? null
            : section.parsed("number", number, InvariantReader::pattern).orElse(null);
    section.rejectUnknownKeys();
    return new Invariant.Http(port, path, pattern);
  }

  private static Pattern pattern(String text) {
    Pattern pattern;
    try {
      pattern = Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "\"%s\" is not a regular expression (%s, near index %d); put \\\\ before a character that stands for itself"
              .formatted(text, e.getDescription(), e.getIndex()),
          e);
    }
    if (pattern.matcher("").groupCount() != 1) {
      throw new IllegalArgumentException(
          "\"%s\" must have one group, around the number; write for example \"total: ([0-9]+)\""
              .formatted(text));
    }
    return pattern;
  }

  private static Expectation expectation(SettingsSection section, Invariant.Figure figure) {
    boolean isDigest = figure instanceof Invariant.Http http && http.number() == null;
    if (!section.has("expect")) {
      return isDigest ? Expectation.SAME : Expectation.NOT_LESS;
    }
    Expectation expect =
        section
            .parsed("expect", section.text("expect"), Expectation::parse)
            .orElse(Expectation.SAME);
    if (isDigest && !expect.isSameness()) {
      section.addError(
          "expect",
          "a body is the same or is not; write \"= before\", or http.number to find a number in"
              + " it");
    }
    return expect;
  }
}
