package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.VolumeSettings;
import dev.orchestrator.stack.Control;
import dev.orchestrator.upgrade.RunEvent;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A run of one kind on a fresh host in memory, with clients that write, and faults at its points.
 */
public final class FaultScenario implements AutoCloseable {

  /** What runs, and how the data goes. */
  public enum Case {
    UP,
    UP_AGAIN,
    UPGRADE,
    UPGRADE_TO_A_BROKEN_VERSION,
    ROLLBACK,
    BAD_BAKE,
    CARRY,
    CLONED_UPGRADE,
    CLONED_UPGRADE_TO_A_BROKEN_VERSION,
    CLONED_BAD_BAKE,
    CLONED_ONE_WAY_BAD_BAKE,
    CLONED_ROLLBACK,
    CLONED_CARRY,
    FROZEN_UPGRADE,
    FROZEN_UPGRADE_TO_A_BROKEN_VERSION,
    FROZEN_BAD_BAKE,
    FROZEN_ROLLBACK;

    /** With a second volume, whose files never change. */
    public DataSettings data() {
      return OrchestratorFixture.data(
          name().startsWith("CLONED") ? Strategy.CLONE : Strategy.COPY,
          name().startsWith("FROZEN") ? Quiesce.FREEZE : Quiesce.STOP,
          name().endsWith("CARRY") || badBake() ? Rollback.CARRY : Rollback.RESTORE,
          new VolumeSettings("media", List.of("binds/media"), Strategy.ATTACH, true));
    }

    public boolean badBake() {
      return name().endsWith("BAD_BAKE");
    }

    public boolean broken() {
      return name().endsWith("BROKEN_VERSION");
    }

    /** Begins at v2. */
    public boolean back() {
      return name().endsWith("ROLLBACK") || name().endsWith("CARRY");
    }
  }

  /** Where in a run something may happen: a line of the journal, or an operation on the host. */
  public record Point(int number, String what, boolean operation) {}

  private static final Duration STOPS = Duration.ofSeconds(5);

  public final FakeHost host = new FakeHost();
  public final Set<Step> steps = new LinkedHashSet<>();
  private final List<Point> points = new ArrayList<>();
  private final Case what;
  private OrchestratorFixture at;
  private Consumer<Point> before = point -> {};
  private Consumer<Point> after = point -> {};
  private int passed;

  /** The thread that closes the service, from {@link #stopService} to the next start. */
  private @Nullable Thread stopping;

  public FaultScenario(Case what, Path home) {
    this.what = what;
    at = new OrchestratorFixture(host, home, what.data());
    prepare();
  }

  private void prepare() {
    if (what != Case.UP) {
      at.control.up("v1");
      host.write(at.traffic.reaches());
    }
    if (what == Case.UP_AGAIN) {
      at.control.down(Control.Removal.NOTHING);
    }
    if (what.back()) {
      at.control.upgrade("v2");
      host.write(at.traffic.reaches());
    }
    if (what.broken()) {
      host.neverHealthy.add("v3");
    }
    host.oneWay = what == Case.CLONED_ONE_WAY_BAD_BAKE;
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.write(at.traffic.reaches());
            reach(new Point(++passed, operation, true), before);
          }

          @Override
          public void inJournalWrite() {
            reach(new Point(++passed, "journal write", false), before);
          }

          @Override
          public void after(String operation, int number) {
            if (what.badBake()
                && operation.equals("traffic.lead")
                && at.container(2).equals(at.traffic.leadsTo)) {
              host.write(at.traffic.reaches());
              host.neverHealthy.add("v2");
            }
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
  public void atPoints(Consumer<Point> action) {
    before = action;
  }

  /** What happens after an operation has had its effect, before the journal knows. */
  public void afterOperations(Consumer<Point> action) {
    after = action;
  }

  /**
   * The service is told to stop, by somebody else; what the run does at this moment is interrupted,
   * where it is an action of the run's own. Then the next process starts.
   */
  public void stopService() {
    if (stopping != null) {
      return;
    }
    OrchestratorFixture stopped = at;
    stopping = Thread.ofVirtual().start(stopped.control::close);
    try {
      if (stopping.join(STOPS)) {
        return; // No run was under way.
      }
    } catch (InterruptedException e) {
      throw new EngineException(EngineException.Kind.REFUSED, "interrupted", e);
    }
    throw new AssertionError("the run was not interrupted");
  }

  /** All points that were passed so far. */
  public List<Point> points() {
    return List.copyOf(points);
  }

  /** Runs it to its end, with a new process for each that is killed; then lets the service look. */
  public void run() {
    Runnable next = this::begin;
    while (next != null) {
      Runnable doing = next;
      next = null;
      try {
        doing.run();
      } catch (FakeHost.Killed killed) {
        startAgain();
        next = this::restart;
      } catch (RefusedException refusal) {
        // The engine was away when it was asked for: nothing has begun.
        String why = String.valueOf(refusal.getMessage());
        assertTrue(why.contains("engine") || stopping != null, refusal.toString());
      } catch (JournalException full) {
        // The journal was full when it was asked for: nothing has begun, and nothing is left of it.
        assertTrue(at.journal.running().isEmpty(), "half a beginning is left");
      }
      if (next == null && stopping != null) {
        startAgain();
        next = this::restart;
      }
    }
    before = point -> {};
    after = point -> {};
    host.away = 0;
    at.look();
    // What was asked for may have been refused while the engine was away: that is an end too.
    if (at.journal.serving().isEmpty() || at.journal.down()) {
      at.control.up(what == Case.UP_AGAIN ? null : "v1");
    }
  }

  /** The process is gone, and the next one opens the journal. */
  private void startAgain() {
    Thread closing = stopping;
    if (closing != null) {
      try {
        assertTrue(closing.join(STOPS), "the service does not stop");
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      stopping = null;
    }
    at.close();
    at = new OrchestratorFixture(host, at.home, what.data());
  }

  private void restart() {
    at.lines = this::line;
    at.control.reconciler().openRoutes();
    at.subscribe();
    for (int tries = 0; !at.control.reconciler().replayed(); tries++) {
      assertTrue(tries < 10, "the engine is there again");
    }
  }

  private void begin() {
    at.lines = this::line;
    String _ =
        switch (what) {
          case UP -> at.control.up("v1");
          case UP_AGAIN -> at.control.up(null);
          default ->
              what.back() ? at.control.rollback() : at.control.upgrade(what.broken() ? "v3" : "v2");
        };
  }

  private void line(RunEvent event) {
    if (!event.phase().equals("progress") && !event.phase().equals("end")) {
      steps.add(UpgradePlans.step(event.step()).orElseThrow());
      reach(new Point(++passed, event.step() + " " + event.phase(), false), before);
    }
  }

  /** Steps that began, from the journal. */
  public Set<Step> begun() {
    Set<Step> begun = new LinkedHashSet<>();
    at.journal.history().stream()
        .flatMap(run -> at.journal.steps(run.id()).stream())
        .filter(line -> line.phase() == Phase.INTENT)
        .map(StepRecord::step)
        .map(id -> UpgradePlans.step(id).orElseThrow())
        .forEach(begun::add);
    return begun;
  }

  /** Versions in quarantine; the one that was left by hand is there on purpose. */
  public Set<String> quarantinedByFaults() {
    Set<String> versions = new LinkedHashSet<>();
    at.journal.quarantines().stream()
        .filter(each -> !each.reason().startsWith("rolled back by hand"))
        .forEach(each -> versions.add(each.version()));
    return versions;
  }

  public void assertWhole(String where) {
    Invariants.assertWhole(host, at, what + ", " + where);
  }

  @Override
  public void close() {
    at.close();
  }
}
