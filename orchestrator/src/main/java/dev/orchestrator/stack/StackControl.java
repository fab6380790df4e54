package dev.orchestrator.stack;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
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
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.EventHub;
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.RunEvent;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one stack of this service under control: accepts runs, one at a time, and tells of them. */
public final class StackControl implements Control, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StackControl.class);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** For the thread of a run that is cut off: what it waits for is interrupted. */
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(20);

  private final UpgradeContext context;
  private final Releases releases;
  private final Journal journal;
  private final ServingSupervisor supervisor;
  private final RollbackService rollback;
  private final RunExecutor executor;
  private final StatusCollector status;
  private final Reconciler reconciler;
  private final RunAdmission admission;

  /**
   * Wires the parts of one stack; nothing is started yet.
   *
   * @param nextRun when the schedule runs next, or null
   * @param threads where runs are executed: a new virtual thread for each
   * @param handover to the processes before and after this one
   */
  public StackControl(
      UpgradeContext context,
      Releases releases,
      Supplier<@Nullable Instant> nextRun,
      Executor threads,
      HandoverPort handover) {
    this.context = context;
    this.releases = releases;
    this.journal = context.journal();
    this.supervisor = new ServingSupervisor(context);
    this.rollback = new RollbackService(context);
    this.executor = new RunExecutor(context, rollback, threads);
    this.status = new StatusCollector(context, nextRun, executor::current);
    this.reconciler = new Reconciler(new CutOffRuns(context, executor), supervisor);
    this.admission =
        new RunAdmission(journal, context.servingLock(), reconciler, executor, handover);
  }

  /** Opens the routes on what serves, then, in the background, ends what was cut off. */
  public void boot() {
    reconciler.start();
  }

  /** What looks after the stack; for a test, which runs it on its own thread. */
  public Reconciler reconciler() {
    return reconciler;
  }

  @Override
  public Status status() {
    return status.status();
  }

  @Override
  public List<VersionStatus> versions() {
    return status.versions(releases.versions(), releases::content);
  }

  @Override
  public Plan plan(String version, DataOptions options) {
    releases.release(version);
    return answered(() -> new PlanBuilder(context).upgrade(version, options));
  }

  @Override
  public Generation serving() {
    return serving("rehearse");
  }

  @Override
  public String up(@Nullable String version) {
    admission.requireAdmission();
    if (version != null) {
      releases.release(version);
    }
    Optional<Generation> serving = journal.serving();
    if (serving.isEmpty()) {
      answered(this::refuseUnknownData);
      String wanted = version == null ? releases.newest() : version;
      return executor.start(() ->
          new UpgradeRun(
              journal.begin(Kind.UP, "", wanted, null, null, Map.of()),
              UpgradePlans.FIRST_UP,
              null,
              null));
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
    return executor.start(() ->
        new UpgradeRun(
            journal.begin(
                Kind.UP, now.version(), now.version(), now.number(), now.number(), Map.of()),
            UpgradePlans.UP_AGAIN,
            null,
            now));
  }

  @Override
  public String upgrade(String version, DataOptions options) {
    admission.requireAdmission();
    releases.release(version);
    Generation blue = serving("upgrade");
    if (blue.version().equals(version)) {
      throw new RefusedException(version + " is the version that serves: nothing to do");
    }
    return executor.start(() ->
        new UpgradeRun(
            journal.begin(
                Kind.UPGRADE, blue.version(), version, blue.number(), null, options.attachments()),
            UpgradePlans.UPGRADE,
            blue,
            null));
  }

  @Override
  public String rollback(DataOptions options) {
    admission.requireAdmission();
    Rollback choice = rollback.dataChoice(options);
    Generation blue = serving("roll back");
    return executor.start(() -> rollback.begin(blue, choice));
  }

  @Override
  public RollbackCost rollbackCost() {
    Generation now = serving("roll back");
    return answered(() -> rollback.cost(now));
  }

  @Override
  public DoctorReport doctor() {
    return new DoctorChecks(context).look();
  }

  @Override
  public String abort() {
    UpgradeRun run = executor.current();
    if (run != null) {
      run.control.abort(run.id());
      return run.id();
    }
    UpgradeRecord left =
        needsAttention().orElseThrow(() -> new RefusedException("nothing runs: nothing to abort"));
    journal.settle(left.id(), "left as it is by hand");
    return left.id();
  }

  @Override
  public String resume() {
    admission.requireAdmission();
    UpgradeRun run = executor.current();
    if (run != null) {
      if (run.control.stuck() == null) {
        throw new RefusedException(run.id() + " is under way: 'orchestrator watch' shows it");
      }
      run.control.retry();
      return run.id();
    }
    UpgradeRecord left =
        needsAttention()
            .orElseThrow(() -> new RefusedException("nothing needs attention: nothing to resume"));
    answered(supervisor::look);
    Generation now = serving("resume");
    List<String> wrong = answered(() -> context.checkHealth(now));
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

  /** A journal that knows nothing, and data on the engine: never begun anew over it. */
  private void refuseUnknownData() {
    List<String> known =
        journal.generations().stream()
            .flatMap(row -> row.generation().volumes().stream())
            .flatMap(volume -> volume.needs().stream())
            .toList();
    context.engine().volumes(context.names().ours()).stream()
        .filter(volume -> "data".equals(volume.labels().get(Labels.ROLE)))
        .filter(volume -> !known.contains(volume.name()))
        .findFirst()
        .ifPresent(volume -> {
          throw new RefusedException(
              "there is data of this stack (volume %s) that the journal in %s doesn't know: put a copy of the journal back, or remove what is there with 'docker rm -f' and 'docker volume rm'"
                  .formatted(volume.name(), context.settings().home()));
        });
  }

  /** A question to an engine or a capsule that may not answer: its message says all there is. */
  private static <T> T answered(Supplier<T> question) {
    try {
      return question.get();
    } catch (EngineException | CapsuleException | DataException e) {
      throw new RefusedException(FailureText.of(e), e);
    }
  }

  private static void answered(Runnable question) {
    boolean _ =
        answered(() -> {
          question.run();
          return true;
        });
  }

  @Override
  public void down(Removal removal) {
    admission.requireAdmission();
    if (journal.running().isPresent() || !context.servingLock().acquire(PATIENCE)) {
      throw new RefusedException(
          "a run is under way, or what serves is being started: wait for its end ('orchestrator"
              + " watch')");
    }
    try {
      answered(() -> takeDown(removal));
    } finally {
      context.servingLock().release();
    }
  }

  private void takeDown(Removal removal) {
    journal.setDown(true);
    context.traffic().shut();
    journal
        .serving()
        .ifPresent(
            now -> context.engine().stopContainer(now.container(), UpgradeContext.STOP_TIMEOUT));
    if (removal != Removal.NOTHING) {
      context.retention().removeAll();
      journal.forget();
    }
    if (removal == Removal.IMAGES) {
      context.builder().prune(List.of());
    }
  }

  @Override
  public String handOver() {
    return admission.handOver();
  }

  /** The other process did not come. */
  public void stay() {
    admission.stay();
  }

  @Override
  public List<UpgradeRecord> history() {
    return journal.history();
  }

  @Override
  public Receipt receipt(String id) {
    known(id);
    return ReceiptReader.of(journal, context.settings().stack().name(), id);
  }

  private void known(String id) {
    if (journal.upgrade(id).isEmpty()) {
      throw new RefusedException("no run " + id + ": see 'orchestrator history'");
    }
  }

  @Override
  public List<String> logs(@Nullable String service, int tail) {
    Generation now = serving("show logs of");
    return answered(() -> context.capsule(now).logs(service, tail, PATIENCE));
  }

  @Override
  public EventHub.Subscription watch(String id, Consumer<RunEvent> listener) {
    known(id);
    return context.events().watch(id, listener);
  }

  /**
   * Stops looking after the stack; the routes stay as they are. A run that is under way is cut off,
   * as by a kill: the next start of the service ends it. Returns when its thread has left.
   */
  @Override
  public void close() {
    admission.close();
    reconciler.close();
    if (!executor.close(CLOSE_LIMIT)) {
      log.warn("the run that is under way did not stop within {} s", CLOSE_LIMIT.toSeconds());
    }
  }
}
