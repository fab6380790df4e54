package dev.orchestrator.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.testing.BusyMachineFixture;
import dev.orchestrator.testing.Rotates;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A project of several services with three kinds of database is adopted while clients write to it
 * through its published ports, undone, adopted again on a busy machine, and upgraded.
 */
@Tag("engine")
@Rotates(days = 3)
class AdoptDatabasesEngineTest {
  @TempDir Path directory;

  private static void assertDone(Receipt receipt) {
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
  }

  private static Map<String, String> each(
      DatabaseProjectFixture project, Function<ContainerDetails, String> what) {
    Map<String, String> all = new TreeMap<>();
    project.containers().forEach((service, container) -> all.put(service, what.apply(container)));
    return all;
  }

  private static void assertAllAre(DatabaseProjectFixture project, String state, String when) {
    Map<String, String> states = each(project, ContainerDetails::state);
    assertEquals(Set.of(state), Set.copyOf(states.values()), when + ": " + states);
  }

  @Test
  void isAdoptedUndoneAdoptedAgainAndUpgradedWhileClientsWrite() throws Exception {
    try (DatabaseProjectFixture project = new DatabaseProjectFixture(directory);
        DatabaseClients first = new DatabaseClients(project, 1);
        DatabaseClients second = new DatabaseClients(project, 2)) {
      Map<String, String> ids = each(project, ContainerDetails::id);
      Map<String, String> policies = each(project, ContainerDetails::restartPolicy);
      first.start();
      Map<String, Set<Long>> before = first.acknowledged();

      assertDone(project.adopt());
      first.assertServed("adopted", first.acknowledged());
      assertAllAre(project, "exited", "adopted");
      assertEquals(
          Set.of("no"), Set.copyOf(each(project, ContainerDetails::restartPolicy).values()));

      assertDone(project.await(project.control().undoAdopt()));
      Map<String, Set<Long>> then = first.acknowledged();
      first.stop();
      first.assertServed("undone", before);
      first.assertNothingLost("undone, written since", without(first.acknowledged(), then));
      assertAllAre(project, "running", "undone");
      assertEquals(ids, each(project, ContainerDetails::id), "the same containers");
      assertEquals(policies, each(project, ContainerDetails::restartPolicy), "restart policies");
      assertEquals(List.of(), project.leftOver());

      Map<String, Set<Long>> rows = first.found();
      second.start();
      try (BusyMachineFixture _ = new BusyMachineFixture(directory)) {
        assertDone(project.adopt());
        second.assertServed("adopted again, on a busy machine", second.acknowledged());
      }
      assertEquals(rows, first.found(), "rows of the project and of the stack");

      upgrade(project);
      second.assertServed("upgraded", second.acknowledged());
      assertEquals(rows, first.found(), "rows of the project and of the upgraded stack");
      assertAllAre(project, "exited", "upgraded");
    }
  }

  private static Map<String, Set<Long>> without(
      Map<String, Set<Long>> all, Map<String, Set<Long>> some) {
    Map<String, Set<Long>> rest = new TreeMap<>();
    all.forEach((client, rows) -> {
      Set<Long> others = new TreeSet<>(rows);
      others.removeAll(some.getOrDefault(client, Set.of()));
      rest.put(client, others);
    });
    return rest;
  }

  private static void upgrade(DatabaseProjectFixture project)
      throws IOException, InterruptedException {
    project.writeVersion2();
    assertDone(project.await(project.control().upgrade("2")));
    String page = HttpRequests.get("http://127.0.0.1:" + project.ledgerPort + "/", Map.of()).body();
    assertTrue(page.contains("ledger 2"), page);
  }
}
