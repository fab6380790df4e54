package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.VolumeSettings;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.RehearsalOptions;
import dev.orchestrator.upgrade.RunEvent;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A run of one kind on a fresh host in memory, with clients that write before each operation and
 * faults at chosen points.
 */
public final class FaultScenario implements AutoCloseable {

  /** The kind of run, the method of data transfer and the version's flaw. */
  public enum Case {
    UP,
    UP_AGAIN,
    UPGRADE,
    UPGRADE_TO_A_BROKEN_VERSION,
    ADOPTION,
    ADOPTION_BY_A_BROKEN_VERSION,
    ADOPTION_BAD_BAKE,
    ADOPTION_UNDONE,
    SNAPSHOT,
    RESTORED_SNAPSHOT,
    PROVEN_SNAPSHOT,
    REHEARSED_UPGRADE,
    REHEARSED_UPGRADE_TO_A_BROKEN_VERSION,
    REHEARSAL,
    ROLLBACK,
    BAD_BAKE,
    SNAPSHOT_BY_STOP,
    SNAPSHOT_BY_REFLINK,
    RESTORED_SNAPSHOT_BAD_BAKE,
    RESTORED_SNAPSHOT_BROKEN_VERSION,
    PROVEN_SNAPSHOT_BY_COPY,
    PROVEN_SNAPSHOT_BY_REFLINK,
    PROVEN_SNAPSHOT_BROKEN_VERSION,
    MOVE,
    MOVE_BAD_BAKE,
    FROZEN_MOVE,
    MOVE_ROLLBACK,
    MOVE_CARRY,
    ADOPTION_WITHOUT_REDIRECT,
    CARRY,
    CLONED_UPGRADE,
    CLONED_UPGRADE_TO_A_BROKEN_VERSION,
    CLONED_REHEARSED_UPGRADE,
    REHEARSAL_OF_A_BROKEN_VERSION,
    REHEARSAL_ACROSS_SERIES,
    CLONED_BAD_BAKE,
    CLONED_ONE_WAY_BAD_BAKE,
    CLONED_ROLLBACK,
    CLONED_CARRY,
    FROZEN_UPGRADE,
    FROZEN_UPGRADE_TO_A_BROKEN_VERSION,
    FROZEN_BAD_BAKE,
    FROZEN_ROLLBACK;

    /** Data settings with a second volume, whose files never change. */
    public DataSettings dataSettings() {
      if (isAdoption()) {
        return OrchestratorFixture.COPY_AND_RESTORE;
      }
      return OrchestratorFixture.dataSettings(
          name().startsWith("CLONED") ? Strategy.CLONE : Strategy.COPY,
          name().startsWith("FROZEN") ? Quiesce.FREEZE : Quiesce.STOP,
          name().endsWith("CARRY") || isUnhealthyInBake() ? Rollback.CARRY : Rollback.RESTORE,
          new VolumeSettings("media", List.of("binds/media"), Strategy.ATTACH, true));
    }

    public boolean isUnhealthyInBake() {
      return name().endsWith("BAD_BAKE");
    }

    /** Whether the run makes a snapshot, so that v1 serves before it and after it. */
    public boolean isSnapshot() {
      return name().startsWith("SNAPSHOT");
    }

    /** Whether the run restores a snapshot that was made before it. */
    public boolean isRestore() {
      return name().startsWith("RESTORED_SNAPSHOT");
    }

    /** Whether the run proves a snapshot that was made before it, so that v1 serves after it. */
    public boolean isProof() {
      return name().startsWith("PROVEN_SNAPSHOT");
    }

    /** Whether the run is a rehearsal alone, so that v1 serves after it. */
    public boolean isRehearsal() {
      return name().startsWith("REHEARSAL");
    }

    public boolean hasBrokenCandidate() {
      return name().endsWith("BROKEN_VERSION");
    }

    /** Whether the run moves the stack to another host, or brings it back. */
    public boolean isMove() {
      return name().contains("MOVE");
    }

    /** Whether a compose project serves before the run, or did before it was adopted. */
    public boolean isAdoption() {
      return name().startsWith("ADOPTION");
    }

    /** The version that a bake fails with, which the first or second generation has. */
    private String versionInBake() {
      return isAdoption() ? "v3" : "v2";
    }

    /** Whether the run is a rollback, so that v2 serves before it. */
    public boolean isRollback() {
      return name().endsWith("ROLLBACK") || name().endsWith("CARRY");
    }
  }

  /** A point of a run at which a fault may strike: a journal line or an operation on the host. */
  public record Point(int number, String name, boolean operation) {}

  /** The name of the snapshot that a run makes or restores. */
  private static final String SNAPSHOT = "before-lunch";

  /** Generation 1 serves, and 2 is the snapshot. */
  private static final int CANDIDATE_OF_RESTORE = 3;

  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);

  public final FakeHost host = new FakeHost();
  public final Set<Step> steps = new LinkedHashSet<>();
  private final List<Point> points = new ArrayList<>();
  private final Case scenario;
  private OrchestratorFixture service;
  private Consumer<Point> atPoint = point -> {};
  private Consumer<Point> afterOperation = point -> {};
  private int pointCount;
  private int refusals;

  /** The thread that closes the service, from {@link #stopService} to the next start. */
  private @Nullable Thread stopping;

  public FaultScenario(Case scenario, Path home) {
    this.scenario = scenario;
    service = new OrchestratorFixture(host, home, scenario.dataSettings());
    prepare();
  }

  private void prepare() {
    host.project.canRedirect = scenario != Case.ADOPTION_WITHOUT_REDIRECT;
    if (scenario.isAdoption()) {
      host.project.up();
      host.writeRow(reached());
      if (scenario == Case.ADOPTION_UNDONE) {
        service.control.adopt(host.project.original());
        host.writeRow(reached());
      }
    } else if (scenario != Case.UP) {
      service.control.up("v1");
      host.writeRow(service.traffic.reachedContainer());
    }
    if (scenario == Case.UP_AGAIN) {
      service.control.down(Control.Removal.NOTHING);
    }
    if (scenario.isRollback()) {
      String _ =
          scenario.isMove()
              ? service.control.move("ssh://other", false)
              : service.control.upgrade("v2");
      host.writeRow(service.traffic.reachedContainer());
    }
    host.supportsReflinks =
        scenario == Case.SNAPSHOT_BY_REFLINK || scenario == Case.PROVEN_SNAPSHOT_BY_REFLINK;
    host.supportsOverlays = scenario != Case.PROVEN_SNAPSHOT_BY_COPY;
    if (scenario.isRestore() || scenario.isProof()) {
      service.control.createSnapshot(SnapshotRequest.manual(SNAPSHOT, null));
      host.writeRow(service.traffic.reachedContainer());
      if (scenario.hasBrokenCandidate()) {
        host.unhealthy.add(service.container(CANDIDATE_OF_RESTORE));
      }
    }
    if (scenario.hasBrokenCandidate() && !scenario.isRestore() && !scenario.isProof()) {
      host.unhealthy.add("v3");
    }
    if (scenario == Case.REHEARSAL_ACROSS_SERIES) {
      host.databasesByImage.put("orchestrator/shop:v1", Map.of("db", "MariaDB 10.11"));
      host.databasesByImage.put("orchestrator/shop:v2", Map.of("db", "MariaDB 11.8"));
    }
    host.v1RejectsDataOfV2 = scenario == Case.CLONED_ONE_WAY_BAD_BAKE;
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.writeRow(reached());
            refusals += scenario.isAdoption() && host.project.refuses(service.traffic) ? 1 : 0;
            reach(new Point(++pointCount, operation, true), atPoint);
          }

          @Override
          public void inJournalWrite() {
            reach(new Point(++pointCount, "journal write", false), atPoint);
          }

          @Override
          public void after(String operation, int number) {
            if (scenario.isUnhealthyInBake()
                && operation.equals("traffic.lead")
                && service.container(candidateInBake()).equals(service.traffic.backend)) {
              host.writeRow(reached());
              host.unhealthy.add(
                  scenario.isRestore()
                      ? service.container(CANDIDATE_OF_RESTORE)
                      : scenario.isMove() ? service.container(2) : scenario.versionInBake());
            }
            afterOperation.accept(new Point(pointCount, operation, true));
          }
        };
  }

  private int candidateInBake() {
    return scenario.isAdoption() ? 1 : scenario.isRestore() ? CANDIDATE_OF_RESTORE : 2;
  }

  private @Nullable String reached() {
    return scenario.isAdoption()
        ? host.project.reached(service.traffic)
        : service.traffic.reachedContainer();
  }

  /** How often clients would have been refused, of the operations so far. */
  public int refusals() {
    return refusals;
  }

  private void reach(Point point, Consumer<Point> action) {
    points.add(point);
    action.accept(point);
  }

  /** Sets the action at each point: before an operation's effect, or right after a journal line. */
  public void atPoints(Consumer<Point> action) {
    atPoint = action;
  }

  /** Sets the action after each operation's effect, before the journal has it. */
  public void afterOperations(Consumer<Point> action) {
    afterOperation = action;
  }

  /**
   * Stops the service from another thread, which interrupts the run's current action; then the next
   * process starts.
   */
  public void stopService() {
    if (stopping != null) {
      return;
    }
    OrchestratorFixture stopped = service;
    stopping = Thread.ofVirtual().start(stopped.control::close);
    try {
      if (stopping.join(STOP_TIMEOUT)) {
        return; // No run was under way.
      }
    } catch (InterruptedException e) {
      throw new EngineException(EngineException.Kind.REFUSED, "interrupted", e);
    }
    throw new AssertionError("the run was not interrupted");
  }

  /** All points that the run has reached so far. */
  public List<Point> points() {
    return List.copyOf(points);
  }

  /** Runs the scenario to its end, with a new process for each killed one; then supervises once. */
  public void run() {
    Runnable next = this::requestRun;
    while (next != null) {
      Runnable action = next;
      next = null;
      try {
        action.run();
      } catch (FakeHost.ProcessKilledError killed) {
        startNextProcess();
        next = this::replayJournal;
      } catch (RefusedException refusal) {
        // The engine did not answer the request: no run has begun.
        String why = String.valueOf(refusal.getMessage());
        assertTrue(why.contains("engine") || stopping != null, refusal.toString());
      } catch (JournalException full) {
        // The journal was full at the request: no run has begun, and no trace of it may be left.
        assertTrue(service.journal.running().isEmpty(), "half a beginning is left");
      }
      if (next == null && stopping != null) {
        startNextProcess();
        next = this::replayJournal;
      }
    }
    atPoint = point -> {};
    afterOperation = point -> {};
    host.unansweredEngineCalls = 0;
    host.refusedJournalWrites = 0;
    service.superviseOnce();
    if (scenario.isAdoption()) {
      return; // What is not adopted serves as it did.
    }
    // The request may have been refused while the engine did not answer: repeat it.
    if (service.journal.serving().isEmpty() || service.journal.down()) {
      service.control.up(scenario == Case.UP_AGAIN ? null : "v1");
    }
  }

  /** Ends the process; the next process opens the journal. */
  private void startNextProcess() {
    Thread stop = stopping;
    if (stop != null) {
      try {
        assertTrue(stop.join(STOP_TIMEOUT), "the service does not stop");
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      stopping = null;
    }
    service.close();
    service = new OrchestratorFixture(host, service.home, scenario.dataSettings());
  }

  private void replayJournal() {
    service.eventListener = this::onJournalLine;
    service.control.reconciler().openRoutes();
    service.subscribe();
    for (int tries = 0; !service.control.reconciler().replayToEnd(); tries++) {
      assertTrue(tries < 10, "the engine is there again");
    }
  }

  private void requestRun() {
    service.eventListener = this::onJournalLine;
    String _ =
        switch (scenario) {
          case UP -> service.control.up("v1");
          case UP_AGAIN -> service.control.up(null);
          case ADOPTION_UNDONE -> service.control.undoAdopt();
          case ADOPTION,
              ADOPTION_BAD_BAKE,
              ADOPTION_BY_A_BROKEN_VERSION,
              ADOPTION_WITHOUT_REDIRECT ->
              service.control.adopt(host.project.original());
          case SNAPSHOT, SNAPSHOT_BY_REFLINK ->
              service.control.createSnapshot(SnapshotRequest.manual(SNAPSHOT, null));
          case SNAPSHOT_BY_STOP ->
              service.control.createSnapshot(SnapshotRequest.manual(SNAPSHOT, Quiesce.STOP));
          case RESTORED_SNAPSHOT, RESTORED_SNAPSHOT_BAD_BAKE, RESTORED_SNAPSHOT_BROKEN_VERSION ->
              service.control.restoreSnapshot(SNAPSHOT);
          case PROVEN_SNAPSHOT,
              PROVEN_SNAPSHOT_BY_COPY,
              PROVEN_SNAPSHOT_BY_REFLINK,
              PROVEN_SNAPSHOT_BROKEN_VERSION ->
              service.control.proveSnapshot(SNAPSHOT);
          case REHEARSED_UPGRADE, REHEARSED_UPGRADE_TO_A_BROKEN_VERSION, CLONED_REHEARSED_UPGRADE ->
              service.control.upgrade(
                  scenario.hasBrokenCandidate() ? "v3" : "v2",
                  DataOptions.NONE,
                  RehearsalOptions.REQUIRED);
          case REHEARSAL, REHEARSAL_OF_A_BROKEN_VERSION, REHEARSAL_ACROSS_SERIES ->
              service.control.rehearse(scenario.hasBrokenCandidate() ? "v3" : "v2");
          default ->
              scenario.isRollback()
                  ? service.control.rollback()
                  : scenario.isMove()
                      ? service.control.move("ssh://other", false)
                      : service.control.upgrade(scenario.hasBrokenCandidate() ? "v3" : "v2");
        };
  }

  private void onJournalLine(RunEvent event) {
    if (!event.phase().equals("progress") && !event.phase().equals("end")) {
      steps.add(UpgradePlans.find(event.step()).orElseThrow());
      reach(new Point(++pointCount, event.step() + " " + event.phase(), false), atPoint);
    }
  }

  /** Steps that have begun, from the journal. */
  public Set<Step> stepsBegun() {
    Set<Step> steps = new LinkedHashSet<>();
    service.journal.history().stream()
        .flatMap(run -> service.journal.steps(run.id()).stream())
        .filter(line -> line.phase() == Phase.INTENT)
        .map(StepRecord::step)
        .map(id -> UpgradePlans.find(id).orElseThrow())
        .forEach(steps::add);
    return steps;
  }

  /** Versions that faults have put in quarantine; a rollback by hand does so on purpose. */
  public Set<String> quarantinedByFaults() {
    Set<String> versions = new LinkedHashSet<>();
    service.journal.quarantines().stream()
        .filter(each -> !each.reason().startsWith("rolled back by hand"))
        .forEach(each -> versions.add(each.version()));
    return versions;
  }

  /** Checks {@link Invariants} after the run. */
  public void assertInvariants(String where) {
    Invariants.assertHold(host, service, scenario + ", " + where);
    if (scenario.isSnapshot() || scenario.isRestore() || scenario.isProof()) {
      assertSnapshot(scenario + ", " + where);
    }
    if (scenario.isRehearsal()) {
      assertRehearsal(scenario + ", " + where);
    }
  }

  /** What a rehearsal has found is written down, and v1 serves on as generation 1. */
  private void assertRehearsal(String where) {
    assertEquals(1, service.journal.serving().orElseThrow().number(), where);
    Optional<UpgradeRecord> run =
        service.journal.history().stream().filter(each -> each.kind() == Kind.REHEARSE).findFirst();
    boolean done = run.filter(each -> each.outcome() == Outcome.DONE).isPresent();
    boolean good =
        service.journal.rehearsals().stream().findFirst().filter(RehearsalRecord::good).isPresent();
    assertTrue(good || !done, where + ": done, and nothing is written down");
    assertTrue(!good || !scenario.hasBrokenCandidate(), where + ": v3 is not good");
  }

  /**
   * A snapshot is there when its run has succeeded, and else nothing of it; it has all rows that
   * were acknowledged before its moment, and none after, whatever is done with it.
   */
  private void assertSnapshot(String where) {
    List<UpgradeRecord> made =
        service.journal.history().stream().filter(run -> run.kind() == Kind.SNAPSHOT).toList();
    boolean done = made.stream().anyMatch(run -> run.outcome() == Outcome.DONE);
    List<SnapshotRecord> found =
        service.journal.snapshots().stream().filter(each -> each.name().equals(SNAPSHOT)).toList();
    assertEquals(done ? 1 : 0, found.size(), where + ": " + made);
    for (SnapshotRecord snapshot : found) {
      List<String> rows = Invariants.readRows(host, service, snapshot.generation());
      assertFalse(rows.isEmpty(), where);
      assertEquals(host.acknowledgedRows.subList(0, rows.size()), rows, where);
      if (scenario.isProof()) {
        assertProof(snapshot, where);
      }
    }
    if (scenario.isSnapshot() || scenario.isProof()) {
      assertEquals(1, service.journal.serving().orElseThrow().number(), where);
      assertEquals(Set.of(), quarantinedByFaults(), where);
    } else {
      assertTrue(done, where);
    }
  }

  /** A snapshot has the proof of a run that has succeeded, and no other of its kind. */
  private void assertProof(SnapshotRecord snapshot, String where) {
    Optional<UpgradeRecord> run =
        service.journal.history().stream().filter(each -> each.kind() == Kind.PROVE).findFirst();
    boolean done = run.filter(each -> each.outcome() == Outcome.DONE).isPresent();
    SnapshotRecord.Proof proof = snapshot.lastProof();
    boolean good = proof != null && proof.good();
    // A run that was cut off while it removed what it had made has found its result before.
    boolean cutOffAtEnd =
        run.filter(each -> each.reason().startsWith("cut off"))
            .filter(each ->
                service.journal.steps(each.id()).stream()
                    .anyMatch(line -> line.step().equals("discard")))
            .isPresent();
    assertTrue(done == good || cutOffAtEnd, where + ": " + run + ", " + proof);
    assertEquals(good, snapshot.proven() != null, where);
    if (scenario.hasBrokenCandidate()) {
      assertFalse(done, where);
    }
  }

  @Override
  public void close() {
    service.close();
  }
}
