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

  private void answered(int answers, int errors) {
    green =
        new Clients(
            green.connections(),
            green.failed(),
            green.broken(),
            green.answers() + answers,
            green.errors() + errors);
  }

  private void connected(int good, int failed) {
    green =
        new Clients(
            green.connections() + good,
            green.failed() + failed,
            green.broken(),
            green.answers(),
            green.errors());
  }

  @Test
  void errorsToMostClientsThreeTimesInARowAreABadVersion() {
    ClientWatch watch = watch(new Clients(9, 0, 0, 1000, 5));
    for (int lot = 1; lot <= 2; lot++) {
      answered(20, 11);
      watch.look();
    }
    answered(20, 11);
    HealthException e = assertThrows(HealthException.class, watch::look);
    assertEquals(
        "clients fare badly in the bake window: 60 answers, 33 of them errors (5xx); 0 connections"
            + " to it, 0 failed, 0 broken off",
        e.getMessage());
  }

  @Test
  void fewAnswersAreGatheredUntilTheySaySomething() {
    ClientWatch watch = watch(Clients.NONE);
    for (int answer = 1; answer < 60; answer++) {
      answered(1, 1);
      watch.look();
    }
    answered(1, 1);
    assertThrows(HealthException.class, watch::look);
  }

  @Test
  void aGoodLotBetweenForgetsTheBadOnes() {
    ClientWatch watch = watch(Clients.NONE);
    for (int lot = 1; lot <= 10; lot++) {
      answered(40, lot % 3 == 0 ? 0 : 40);
      watch.look();
    }
  }

  @Test
  void errorsThatTheVersionBeforeHadTooSayNothing() {
    ClientWatch watch = watch(new Clients(9, 0, 0, 1000, 900));
    for (int lot = 1; lot <= 10; lot++) {
      answered(40, 40);
      watch.look();
    }
  }

  @Test
  void connectionsThatFailAreABadVersionWhateverTheProtocol() {
    ClientWatch watch = watch(Clients.NONE);
    for (int lot = 1; lot <= 2; lot++) {
      connected(5, 15);
      watch.look();
    }
    connected(5, 15);
    assertThrows(HealthException.class, watch::look);
  }
}
