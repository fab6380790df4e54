package dev.orchestrator.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.demo.SqlLoad.Connections;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Clients of all databases of a project, which write through its published ports. */
final class DatabaseClients implements AutoCloseable {
  private final Map<String, NumberedLoad> loads = new TreeMap<>();

  /**
   * Clients that have not begun to write.
   *
   * @param number of these clients: others with another number have other rows
   */
  DatabaseClients(DatabaseProjectFixture project, int number) {
    String fresh = "fresh" + number;
    String kept = "kept" + number;
    loads.put("mariadb", SqlLoad.mariadb(project.mariadbPort, fresh, Connections.FRESH));
    loads.put("mariadb, kept", SqlLoad.mariadb(project.mariadbPort, kept, Connections.KEPT));
    loads.put("postgres", SqlLoad.postgres(project.postgresPort, fresh, Connections.FRESH));
    loads.put("postgres, kept", SqlLoad.postgres(project.postgresPort, kept, Connections.KEPT));
    loads.put("sqlite", new LedgerLoad(project.ledgerPort, number));
  }

  void start() throws InterruptedException {
    for (NumberedLoad load : loads.values()) {
      load.start();
    }
  }

  void stop() throws InterruptedException {
    for (NumberedLoad load : loads.values()) {
      load.stop();
    }
  }

  Map<String, Set<Long>> acknowledged() {
    Map<String, Set<Long>> all = new TreeMap<>();
    loads.forEach((name, load) -> all.put(name, load.acknowledged()));
    return all;
  }

  /** All rows of these clients that are there. */
  Map<String, Set<Long>> found() throws IOException {
    Map<String, Set<Long>> all = new TreeMap<>();
    for (Map.Entry<String, NumberedLoad> load : loads.entrySet()) {
      all.put(load.getKey(), load.getValue().found());
    }
    return all;
  }

  /** Asserts that nobody was refused, and that these rows are there; says who waited for long. */
  void assertServed(String when, Map<String, Set<Long>> acknowledged) throws IOException {
    List<String> waits = new ArrayList<>();
    for (Map.Entry<String, NumberedLoad> entry : loads.entrySet()) {
      NumberedLoad load = entry.getValue();
      String client = when + ", " + entry.getKey();
      assertEquals(0, load.refused(), client + ": refused: " + load.failures());
      waits.add(
          String.format(
              Locale.ROOT,
              "%s %d (%d rows, %d cut off)",
              entry.getKey(),
              load.takeLongestMillis(),
              load.acknowledged().size(),
              load.failures().size()));
    }
    System.out.printf("%s: longest wait in ms: %s%n", when, String.join(", ", waits));
    assertNothingLost(when, acknowledged);
  }

  void assertNothingLost(String when, Map<String, Set<Long>> acknowledged) throws IOException {
    for (Map.Entry<String, NumberedLoad> load : loads.entrySet()) {
      Set<Long> rows = acknowledged.getOrDefault(load.getKey(), Set.of());
      assertEquals(
          Set.of(),
          load.getValue().missing(rows),
          when + ", " + load.getKey() + ": acknowledged and lost");
    }
  }

  @Override
  public void close() {
    loads.values().forEach(NumberedLoad::close);
  }
}
