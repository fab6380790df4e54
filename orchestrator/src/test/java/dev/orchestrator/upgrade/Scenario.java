package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.Refusal;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A run of one kind on a fresh host in memory, with clients that write, and faults at its points.
 */
final class Scenario implements AutoCloseable {

  /** What runs. */
  enum Case {
    UP,
    UP_AGAIN,
    UPGRADE,
    UPGRADE_TO_A_BROKEN_VERSION,
    ROLLBACK
  }

  /** Where in a run something may happen: a line of the journal, or an operation on the host. */
  record Point(int number, String what, boolean operation) {}

  final World world = new World();
  final Set<Step> steps = new LinkedHashSet<>();
  private final List<Point> points = new ArrayList<>();
  private final Case what;
  private Orchestration at;
  private Consumer<Point> before = point -> {};
  private Consumer<Point> after = point -> {};
  private int passed;

  Scenario(Case what, Path home) {
    this.what = what;
    at = new Orchestration(world, home);
    prepare();
  }

  private void prepare() {
    switch (what) {
      case UP -> {}
      case UP_AGAIN -> {
        at.control.up("v1");
        world.write(at.traffic.reaches());
        at.control.down(Control.Removal.NOTHING);
      }
      case UPGRADE -> at.control.up("v1");
      case UPGRADE_TO_A_BROKEN_VERSION -> {
        at.control.up("v1");
        world.neverHealthy.add("v3");
      }
      case ROLLBACK -> {
        at.control.up("v1");
        at.control.upgrade("v2");
      }
    }
    world.faults =
        new World.Faults() {
          @Override
          public void before(String operation, int number) {
            world.write(at.traffic.reaches());
            reach(new Point(++passed, operation, true), before);
          }

          @Override
          public void after(String operation, int number) {
            after.accept(new Point(passed, operation, true));
          }
        };
  }

  private void reach(Point point, Consumer<Point> act) {
    points.add(point);
    act.accept(point);
  }

  /**
   * What happens at a point: before an operation has its effect, or right after a journal's line.
   */
  void atPoints(Consumer<Point> action) {
    before = action;
  }

  /** What happens after an operation has had its effect, before the journal knows. */
  void afterOperations(Consumer<Point> action) {
    after = action;
  }

  /** All points that were passed so far. */
  List<Point> points() {
    return List.copyOf(points);
  }

  /** Runs it to its end, with a new process for each that is killed; then lets the service look. */
  void run() {
    Runnable next = this::begin;
    while (next != null) {
      Runnable doing = next;
      next = null;
      try {
        doing.run();
      } catch (World.Killed killed) {
        at.close();
        at = new Orchestration(world, at.home);
        next = this::restart;
      } catch (Refusal refusal) {
        // The engine was away when it was asked for: nothing has begun.
        assertTrue(String.valueOf(refusal.getMessage()).contains("engine"), refusal.toString());
      }
    }
    before = point -> {};
    after = point -> {};
    world.away = 0;
    at.look();
    // What was asked for may have been refused while the engine was away: that is an end too.
    if (at.journal.serving().isEmpty() || at.journal.down()) {
      at.control.up(what == Case.UP_AGAIN ? null : "v1");
    }
  }

  private void restart() {
    at.lines = this::line;
    at.control.caretaker().openRoutes();
    at.subscribe();
    for (int tries = 0; !at.control.caretaker().replayed(); tries++) {
      assertTrue(tries < 10, "the engine is there again");
    }
  }

  private void begin() {
    at.lines = this::line;
    String _ =
        switch (what) {
          case UP -> at.control.up("v1");
          case UP_AGAIN -> at.control.up(null);
          case UPGRADE -> at.control.upgrade("v2");
          case UPGRADE_TO_A_BROKEN_VERSION -> at.control.upgrade("v3");
          case ROLLBACK -> at.control.rollback();
        };
  }

  private void line(Event event) {
    if (!event.phase().equals("progress") && !event.phase().equals("end")) {
      steps.add(Step.of(event.step()));
      reach(new Point(++passed, event.step() + " " + event.phase(), false), before);
    }
  }

  /** Steps that began, from the journal. */
  Set<Step> begun() {
    Set<Step> begun = new LinkedHashSet<>();
    at.journal.history().stream()
        .flatMap(run -> at.journal.steps(run.id()).stream())
        .filter(line -> line.phase() == Phase.INTENT)
        .map(StepRecord::step)
        .map(Step::of)
        .forEach(begun::add);
    return begun;
  }

  void assertWhole(String where) {
    Whole.assertWhole(world, at, what + ", " + where);
  }

  @Override
  public void close() {
    at.close();
  }
}
