package dev.orchestrator.health;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.InnerService;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Services as the inner engine restarts them, looked at four times a second on a clock of its own.
 */
class RestartLoopsTest {
  private static final Duration LOOK = Duration.ofMillis(250);
  private static final String NO_CHECK = "none";

  private Instant now = Instant.EPOCH;
  private final RestartLoops loops = new RestartLoops(() -> now);
  private final List<Model> models = new ArrayList<>();

  /** A service that ends some time after each start, until it doesn't. */
  private final class Model {
    private final String name;
    private final List<String> dependsOn;
    private String health;
    private Duration run = Duration.ofDays(1);
    private int code = 1;
    private Instant started = now;
    private Instant restart = Instant.MAX;
    private Duration backOff = Duration.ofMillis(100);
    private int restarts;

    private Model(String name, String health, String... dependsOn) {
      this.name = name;
      this.health = health;
      this.dependsOn = Arrays.asList(dependsOn);
      models.add(this);
    }

    /** As the engine does: a pause that doubles, and begins anew after a run of ten seconds. */
    private InnerService look() {
      if (restart.equals(Instant.MAX) && !now.isBefore(started.plus(run))) {
        backOff =
            run.compareTo(Duration.ofSeconds(10)) > 0
                ? Duration.ofMillis(100)
                : backOff.multipliedBy(2);
        restart = now.plus(backOff);
        restarts++;
      } else if (!now.isBefore(restart)) {
        restart = Instant.MAX;
        started = now;
      }
      boolean up = restart.equals(Instant.MAX);
      return new InnerService(
          name,
          up ? "running" : "restarting",
          up ? health : NO_CHECK,
          up ? 0 : code,
          restarts,
          started.toString(),
          "",
          dependsOn,
          true,
          Duration.ZERO,
          Duration.ZERO,
          InnerService.RETRIES,
          0,
          0);
    }
  }

  private Model ending(Duration run, Model model) {
    model.run = run;
    return model;
  }

  /** Looks until a loop is found; returns what is said, or nothing when there is none in time. */
  private List<String> lookFor(Duration time) {
    Instant end = now.plus(time);
    while (now.isBefore(end)) {
      List<HealthProblem> found = loops.look(models.stream().map(Model::look).toList());
      if (!found.isEmpty()) {
        assertTrue(found.stream().allMatch(HealthProblem::lasting));
        return found.stream().map(HealthProblem::briefLine).sorted().toList();
      }
      now = now.plus(LOOK);
    }
    return List.of();
  }

  private static String line(String service) {
    return "service " + service + ": ends with an error again and again, exit code 1";
  }

  @Test
  void aServiceThatEndsAgainAndAgainWhileItsDatabaseIsHealthyIsFoundWithinSeconds() {
    new Model("db", "healthy");
    ending(Duration.ofSeconds(2), new Model("app", NO_CHECK, "db"));
    assertEquals(List.of(line("app")), lookFor(Duration.ofSeconds(12)));
    assertTrue(now.isAfter(Instant.EPOCH.plusSeconds(5)), "not at the first ends");
  }

  @Test
  void aServiceThatNeedsNobodyIsFoundTooAndNotTheOneThatWaitsForIt() {
    ending(Duration.ofMillis(100), new Model("db", NO_CHECK));
    Model app = new Model("app", NO_CHECK, "db");
    ending(Duration.ofSeconds(1), app);
    assertEquals(List.of(line("db")), lookFor(Duration.ofSeconds(20)));
  }

  @Test
  void aServiceThatEndsUntilItsDatabaseIsUpIsNoLoop() {
    Model db = new Model("db", "starting");
    Model app = ending(Duration.ofSeconds(1), new Model("app", NO_CHECK, "db"));
    assertEquals(List.of(), lookFor(Duration.ofSeconds(40)));
    db.health = "healthy";
    app.run = Duration.ofDays(1);
    assertEquals(List.of(), lookFor(Duration.ofSeconds(60)));
    assertTrue(app.restarts > 3, app.restarts + " restarts");
  }

  /** Many compose files neither declare what a service depends on nor have health checks. */
  @Test
  void aServiceThatDeclaresNothingIsGivenTimeWhileOthersHaveJustStarted() {
    new Model("db", NO_CHECK);
    Model app = ending(Duration.ofSeconds(1), new Model("app", NO_CHECK));
    assertEquals(List.of(), lookFor(Duration.ofSeconds(14)));
    app.run = Duration.ofDays(1);
    assertEquals(List.of(), lookFor(Duration.ofSeconds(60)));
  }

  @Test
  void aServiceThatDeclaresNothingIsFoundInTheEnd() {
    new Model("db", NO_CHECK);
    ending(Duration.ofSeconds(1), new Model("app", NO_CHECK));
    assertEquals(List.of(line("app")), lookFor(Duration.ofSeconds(90)));
  }

  @Test
  void twoThatEndAndDeclareNothingDoNotHideEachOther() {
    ending(Duration.ofSeconds(1), new Model("a", NO_CHECK));
    ending(Duration.ofSeconds(2), new Model("b", NO_CHECK));
    assertEquals(1, lookFor(Duration.ofSeconds(60)).size());
  }

  @Test
  void anEndWithoutAnErrorIsNoLoop() {
    Model cron = ending(Duration.ofSeconds(1), new Model("cron", NO_CHECK));
    cron.code = 0;
    assertEquals(List.of(), lookFor(Duration.ofSeconds(90)));
  }

  @Test
  void twoEndsAfterLongRunsAreASlowLoop() {
    new Model("db", "healthy");
    ending(Duration.ofSeconds(60), new Model("app", "starting", "db"));
    assertEquals(List.of(line("app")), lookFor(Duration.ofSeconds(130)));
  }
}
