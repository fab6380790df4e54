package dev.orchestrator.stack;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.ReceiptReader;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.release.Releases;
import dev.orchestrator.report.DoctorChecks;
import dev.orchestrator.report.DoctorReport;
import dev.orchestrator.report.Plan;
import dev.orchestrator.report.PlanBuilder;
import dev.orchestrator.report.RollbackCost;
import dev.orchestrator.report.Status;
import dev.orchestrator.report.StatusCollector;
import dev.orchestrator.report.VersionStatus;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.upgrade.Answered;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.EventHub;
import dev.orchestrator.upgrade.Planner;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.Retention;
import dev.orchestrator.upgrade.RunEvent;
import dev.orchestrator.upgrade.Saga;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.Undo;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The one stack of this service under control: accepts runs, one at a time, and tells of them. */
public final class StackControl implements Control, AutoCloseable {
  private static final Duration ASK = Duration.ofSeconds(20);

  private final UpgradeContext parts;
  private final ResourceNames names;
  private final Releases releases;
  private final Journal journal;
  private final EventHub events;
  private final ServingSupervisor keeper;
  private final RollbackService backward;
  private final RunExecutor runner;
  private final StatusCollector view;
  private final Reconciler caretaker;
  private final RunAdmission place;

  /**
   * Wires the parts of one stack; nothing is started yet.
   *
   * @param nextRun when the schedule runs next, or null
   * @param runs where runs are run: a new virtual thread for each
   * @param succession the processes before and after this one
   */
  public StackControl(
      UpgradeContext parts,
      Releases releases,
      Supplier<@Nullable Instant> nextRun,
      Executor runs,
      HandoverPort succession) {
    this.parts = parts;
    this.names = new ResourceNames(parts.settings());
    this.releases = releases;
    this.journal = parts.journal();
    this.events = new EventHub(journal, parts.clock());
    this.keeper = new ServingSupervisor(parts, names);
    this.backward = new RollbackService(parts, names);
    Saga saga = new Saga(parts, names, events, keeper);
    this.runner = new RunExecutor(saga, keeper, backward, runs);
    this.view = new StatusCollector(parts, nextRun, runner);
    this.caretaker = new Reconciler(new CutOffRuns(parts, names, saga), keeper, runner);
    this.place = new RunAdmission(journal, keeper, caretaker, succession);
  }

  /** Opens the routes on what serves, then, in the background, ends what was cut off. */
  public void boot() {
    caretaker.start();
  }

  /** What looks after the stack; for a test, which runs it on its own thread. */
  public Reconciler caretaker() {
    return caretaker;
  }

  @Override
  public Status status() {
    return view.status();
  }

  @Override
  public List<VersionStatus> versions() {
    return view.versions(releases.versions(), releases::content);
  }

  @Override
  public Plan plan(String version, DataOptions options) {
    releases.release(version);
    return Answered.by(() -> new PlanBuilder(parts, names).upgrade(version, options));
  }

  @Override
  public Generation serving() {
    return serving("rehearse");
  }

  @Override
  public String up(@Nullable String version) {
    place.mayBegin();
    if (version != null) {
      releases.release(version);
    }
    Optional<Generation> serving = journal.serving();
    if (serving.isEmpty()) {
      Answered.by(() -> Strangers.refuse(parts, names));
      String wanted = version == null ? releases.newest() : version;
      return start(journal.begin(Kind.UP, "", wanted, null), Planner.FIRST_UP, null, null);
    }
    Generation now = serving.get();
    if (version != null && !version.equals(now.version())) {
      throw new RefusedException(
          now.version()
              + " is what this stack is at: 'orchestrator upgrade "
              + version
              + "' changes that"
              + (journal.down() ? ", after 'orchestrator up'" : ""));
    }
    if (!journal.down()) {
      return "";
    }
    UpgradeRecord record = journal.begin(Kind.UP, now.version(), now.version(), now.number());
    journal.candidate(record.id(), now.number());
    return start(record, Planner.UP_AGAIN, null, now);
  }

  @Override
  public String upgrade(String version, DataOptions options) {
    place.mayBegin();
    releases.release(version);
    Generation blue = serving("upgrade");
    if (blue.version().equals(version)) {
      throw new RefusedException(version + " is the version that serves: nothing to do");
    }
    UpgradeRecord record = journal.begin(Kind.UPGRADE, blue.version(), version, blue.number());
    options.keep(parts, record.id());
    return start(record, Planner.UPGRADE, blue, null);
  }

  @Override
  public String rollback(DataOptions options) {
    place.mayBegin();
    Rollback what = backward.data(options);
    UpgradeRun run = backward.begin(serving("roll back"), what);
    runner.start(run, run.steps);
    return run.id();
  }

  @Override
  public RollbackCost rollbackCost() {
    Generation now = serving("roll back");
    return Answered.by(() -> backward.cost(now));
  }

  @Override
  public DoctorReport doctor() {
    return new DoctorChecks(parts, names).look();
  }

  @Override
  public String abort() {
    UpgradeRun run = runner.current();
    if (run != null) {
      run.reins.abort(run.id());
      return run.id();
    }
    UpgradeRecord left =
        needsAttention().orElseThrow(() -> new RefusedException("nothing runs: nothing to abort"));
    journal.settle(left.id(), "left as it is by hand");
    return left.id();
  }

  @Override
  public String resume() {
    place.mayBegin();
    UpgradeRun run = runner.current();
    if (run != null) {
      if (run.reins.stuck() == null) {
        throw new RefusedException(run.id() + " is under way: 'orchestrator watch' shows it");
      }
      run.reins.nudge();
      return run.id();
    }
    UpgradeRecord left =
        needsAttention()
            .orElseThrow(() -> new RefusedException("nothing needs attention: nothing to resume"));
    Answered.by(keeper::look);
    Generation now = serving("resume");
    List<String> wrong =
        parts.health().check(parts.capsule(now), parts.settings().stack().probes(), now.ports());
    if (!wrong.isEmpty()) {
      throw new RefusedException(
          now.version() + " is not healthy yet: " + String.join("; ", wrong));
    }
    journal.settle(left.id(), now.version() + " is healthy since");
    return left.id();
  }

  private Optional<UpgradeRecord> needsAttention() {
    return journal.history().stream()
        .findFirst()
        .filter(run -> run.outcome() == Outcome.NEEDS_ATTENTION);
  }

  private Generation serving(String what) {
    Generation serving =
        journal
            .serving()
            .orElseThrow(() ->
                new RefusedException(
                    "nothing to " + what + ": the stack was never brought up: 'orchestrator up'"));
    if (journal.down()) {
      throw new RefusedException("the stack is down: 'orchestrator up' first, then " + what);
    }
    return serving;
  }

  private String start(
      UpgradeRecord record,
      List<Step> steps,
      @Nullable Generation blue,
      @Nullable Generation green) {
    runner.start(new UpgradeRun(record, steps, blue, green), steps);
    return record.id();
  }

  @Override
  public void down(Removal removal) {
    place.mayBegin();
    if (journal.running().isPresent() || !keeper.hand(ASK)) {
      throw new RefusedException(
          "a run is under way, or what serves is being started: wait for its end ('orchestrator"
              + " watch')");
    }
    try {
      Answered.by(() -> takeDown(removal));
    } finally {
      keeper.back();
    }
  }

  private void takeDown(Removal removal) {
    journal.setDown(true);
    parts.traffic().shut();
    journal.serving().ifPresent(now -> parts.engine().stopContainer(now.container(), Undo.STOP));
    if (removal != Removal.NOTHING) {
      new Retention(parts, names).removeAll();
      journal.forget();
    }
    if (removal == Removal.IMAGES) {
      parts.builder().prune(List.of());
    }
  }

  @Override
  public String handOver() {
    return place.handOver();
  }

  /** The other process did not come. */
  public void stay() {
    place.stay();
  }

  @Override
  public List<UpgradeRecord> history() {
    return journal.history();
  }

  @Override
  public Receipt receipt(String id) {
    known(id);
    return ReceiptReader.of(journal, parts.settings().stack().name(), id);
  }

  private void known(String id) {
    if (journal.upgrade(id).isEmpty()) {
      throw new RefusedException("no run " + id + ": see 'orchestrator history'");
    }
  }

  @Override
  public List<String> logs(@Nullable String service, int tail) {
    Generation now = serving("show logs of");
    return Answered.by(() -> parts.capsule(now).logs(service, tail, ASK));
  }

  @Override
  public Subscription watch(String id, Consumer<RunEvent> listener) {
    known(id);
    return events.watch(id, listener);
  }

  /** Stops looking after the stack; the routes stay as they are. */
  @Override
  public void close() {
    caretaker.close();
  }
}
