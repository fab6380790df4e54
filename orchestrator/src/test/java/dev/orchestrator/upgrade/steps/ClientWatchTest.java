package dev.orchestrator.upgrade.steps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.health.HealthException;
import dev.orchestrator.traffic.Traffic.Clients;
import org.junit.jupiter.api.Test;

class ClientWatchTest {
  private Clients green = new Clients(3, 0, 0, 100, 90);

  private ClientWatch watch(Clients blue) {
    return new ClientWatch(blue, () -> green);
  }

  private void addAnswers(int answers, int errors) {
    green =
        new Clients(
            green.connections(),
            green.failed(),
            green.broken(),
            green.answers() + answers,
            green.errors() + errors);
  }

  private void addConnections(int good, int failed) {
    green =
        new Clients(
            green.connections() + good,
            green.failed() + failed,
            green.broken(),
            green.answers(),
            green.errors());
  }

  @Test
  void threeSamplesInARowWithMostlyErrorsFailTheVersion() {
    ClientWatch watch = watch(new Clients(9, 0, 0, 1000, 5));
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
    ClientWatch watch = watch(new Clients(9, 0, 0, 1000, 900));
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
}
