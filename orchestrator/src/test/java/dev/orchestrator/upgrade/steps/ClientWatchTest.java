package dev.orchestrator.upgrade.steps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.health.HealthException;
import dev.orchestrator.traffic.Traffic.Clients;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClientWatchTest {
  private Clients green = new Clients(3, 0, 0, 100, 90, 0, 0);
  private Clients mail = Clients.NONE;

  private ClientWatch watch(Clients blue) {
    return new ClientWatch(Map.of("web", blue), () -> Map.of("web", green, "mail", mail));
  }

  private void addMailClients(int served, int unserved) {
    mail = mail.plus(new Clients(served, unserved, 0, 0, 0, served, unserved));
  }

  private void addAnswers(int answers, int errors) {
    green = green.plus(new Clients(0, 0, 0, answers, errors, 0, 0));
  }

  private void addConnections(int good, int failed) {
    green = green.plus(new Clients(good, failed, 0, 0, 0, 0, 0));
  }

  @Test
  void threeSamplesInARowWithMostlyErrorsFailTheVersion() {
    ClientWatch watch = watch(new Clients(9, 0, 0, 1000, 5, 0, 0));
    for (int lot = 1; lot <= 2; lot++) {
      addAnswers(20, 11);
      watch.check();
    }
    addAnswers(20, 11);
    HealthException e = assertThrows(HealthException.class, watch::check);
    assertEquals(
        "clients fare badly in the bake window: 60 answers, 33 of them errors (5xx); 0 connections"
            + " to it, 0 failed, 0 broken off",
        e.getMessage());
  }

  @Test
  void fewAnswersAreCollectedUntilTheSampleIsFull() {
    ClientWatch watch = watch(Clients.NONE);
    for (int answer = 1; answer < 60; answer++) {
      addAnswers(1, 1);
      watch.check();
    }
    addAnswers(1, 1);
    assertThrows(HealthException.class, watch::check);
  }

  @Test
  void aGoodSampleResetsTheCountOfBadOnes() {
    ClientWatch watch = watch(Clients.NONE);
    for (int lot = 1; lot <= 10; lot++) {
      addAnswers(40, lot % 3 == 0 ? 0 : 40);
      watch.check();
    }
  }

  @Test
  void errorsThatTheOldVersionHadTooAreIgnored() {
    ClientWatch watch = watch(new Clients(9, 0, 0, 1000, 900, 0, 0));
    for (int lot = 1; lot <= 10; lot++) {
      addAnswers(40, 40);
      watch.check();
    }
  }

  @Test
  void failedConnectionsFailTheVersionWhateverTheProtocol() {
    ClientWatch watch = watch(Clients.NONE);
    for (int lot = 1; lot <= 2; lot++) {
      addConnections(5, 15);
      watch.check();
    }
    addConnections(5, 15);
    assertThrows(HealthException.class, watch::check);
  }

  /** A handful of clients of a route that leads nowhere, beside a busy route that is well. */
  @Test
  void threeClientsThatGotNothingOnARouteFailTheVersion() {
    ClientWatch watch = watch(Clients.NONE);
    addAnswers(500, 0);
    addMailClients(0, 2);
    watch.check();
    addMailClients(0, 1);
    HealthException e = assertThrows(HealthException.class, watch::check);
    assertEquals(
        "clients fare badly in the bake window: route mail served 0 of 3; 500 answers, 0 of them"
            + " errors (5xx); 0 connections to it, 3 failed, 0 broken off, 3 clients not served",
        e.getMessage());
  }

  @Test
  void aServiceThatDiesInTheWindowIsJudgedByTheClientsSince() {
    ClientWatch watch = watch(Clients.NONE);
    addMailClients(100, 0);
    watch.check();
    addMailClients(0, 3);
    assertThrows(HealthException.class, watch::check);
  }

  @Test
  void aFewClientsThatGotNothingAmongManyAreIgnored() {
    ClientWatch watch = watch(Clients.NONE);
    for (int lot = 1; lot <= 10; lot++) {
      addMailClients(5, 4);
      watch.check();
    }
  }

  @Test
  void aRouteThatServedNobodyBeforeIsIgnored() {
    ClientWatch watch =
        new ClientWatch(
            Map.of("mail", new Clients(0, 99, 0, 0, 0, 0, 4)), () -> Map.of("mail", mail));
    addMailClients(0, 9);
    watch.check();
  }
}
