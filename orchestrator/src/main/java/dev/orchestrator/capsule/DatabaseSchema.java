package dev.orchestrator.capsule;

import dev.orchestrator.files.ContentDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The schema of a database, and what migration tools have noted in it.
 *
 * @param service whose database it is
 * @param database its name, or the path of an SQLite file; empty for the server as a whole
 * @param versions of the server and of its data, by the file that tells it
 * @param tables the digest of each table's definition, by its name
 * @param migrations the migrations that have run, as their tools name them, by the tool's table
 */
public record DatabaseSchema(
    String service,
    String database,
    Map<String, String> versions,
    Map<String, String> tables,
    Map<String, List<String>> migrations) {
  private static final int COLUMNS = 5;

  public DatabaseSchema {
    versions = Map.copyOf(versions);
    tables = Map.copyOf(tables);
    migrations = Map.copyOf(migrations);
  }

  /** Reads lines {@code SERVICE KIND DATABASE TABLE TEXT} with tabs; others are passed over. */
  public static List<DatabaseSchema> parse(String printed) {
    Map<String, Builder> found = new TreeMap<>();
    for (String line : printed.lines().toList()) {
      String[] words = line.split("\t", COLUMNS);
      if (words.length == COLUMNS) {
        found
            .computeIfAbsent(words[0] + "\t" + words[2], _ -> new Builder(words[0], words[2]))
            .add(words[1], words[3], words[4]);
      }
    }
    return found.values().stream().map(Builder::build).toList();
  }

  private static final class Builder {
    private final String service;
    private final String database;
    private final Map<String, String> versions = new TreeMap<>();
    private final Map<String, StringBuilder> tables = new TreeMap<>();
    private final Map<String, List<String>> migrations = new TreeMap<>();

    Builder(String service, String database) {
      this.service = service;
      this.database = database;
    }

    void add(String kind, String table, String text) {
      switch (kind) {
        case "engine" -> versions.put(table, text);
        case "column" ->
            tables.computeIfAbsent(table, _ -> new StringBuilder()).append(text).append('\n');
        case "migration" -> migrations.computeIfAbsent(table, _ -> new ArrayList<>()).add(text);
        default -> {}
      }
    }

    DatabaseSchema build() {
      Map<String, String> digests = new TreeMap<>();
      tables.forEach((table, text) -> digests.put(table, ContentDigest.of(text.toString())));
      return new DatabaseSchema(service, database, versions, digests, migrations);
    }
  }
}
