package dev.orchestrator.stack;

import static dev.orchestrator.stack.StackRequirements.ofOtherHost;
import static dev.orchestrator.stack.StackRequirements.refuseOnFailure;
import static dev.orchestrator.stack.StackRequirements.requireHere;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.engine.EngineAddress;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.ReceiptReader;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.release.Releases;
import dev.orchestrator.report.BackupOperation;
import dev.orchestrator.report.BackupReport;
import dev.orchestrator.report.DoctorChecks;
import dev.orchestrator.report.DoctorReport;
import dev.orchestrator.report.MovePlan;
import dev.orchestrator.report.MovePlanBuilder;
import dev.orchestrator.report.Plan;
import dev.orchestrator.report.PlanBuilder;
import dev.orchestrator.report.RollbackCost;
import dev.orchestrator.report.SnapshotDiff;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.report.Status;
import dev.orchestrator.report.StatusCollector;
import dev.orchestrator.report.VersionStatus;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.upgrade.ArchiveImports;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.EventHub;
import dev.orchestrator.upgrade.RehearsalOptions;
import dev.orchestrator.upgrade.RunEvent;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Controls a stack of this service: accepts runs, one at a time, and answers queries. Thread-safe.
 */
public final class StackControl implements Control, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StackControl.class);
  static final Duration WAIT_LIMIT = Duration.ofSeconds(20);

  /** How long {@link #close} waits for the thread of a run that is cut off. */
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
  private final StackRequirements requirements;
  private final StackAdoption adoption;
  private final StackLogs logs;
  private final RunIntervention intervention;
  private final StackRemoval removing;
  private final SnapshotService snapshots;
  private final BackupService backups;

  /**
   * Wires the collaborators; nothing is started yet.
   *
   * @param nextRun time of the schedule's next run, or null
   * @param threads executes runs, each on a thread of its own
   * @param handover hand-over to the processes before and after this one
   * @param backups what backups are made with
   */
  public StackControl(
      UpgradeContext context,
      Releases releases,
      Supplier<@Nullable Instant> nextRun,
      Executor threads,
      HandoverPort handover,
      BackupEnvironment backups) {
    this.context = context;
    this.releases = releases;
    this.journal = context.journal();
    this.supervisor = new ServingSupervisor(context);
    this.rollback = new RollbackService(context);
    this.snapshots = new SnapshotService(context);
    this.executor = new RunExecutor(context, rollback, threads);
    this.backups = new BackupService(context, this, snapshots, backups, threads);
    this.status = new StatusCollector(context, nextRun, executor::current, this.backups::health);
    this.reconciler =
        new Reconciler(
            new CutOffRuns(context, executor),
            supervisor,
            new ContainerEvents(
                context.engine(), context.names().stackLabels(), supervisor::containerChanged),
            snapshots::deleteOfEndedExports);
    this.admission =
        new RunAdmission(journal, context.servingLock(), reconciler, executor, handover);
    this.requirements = new StackRequirements(context);
    this.adoption = new StackAdoption(context, releases, requirements, admission, executor);
    this.logs = new StackLogs(context, requirements);
    this.intervention =
        new RunIntervention(context, requirements, admission, executor, this.backups, supervisor);
    this.removing = new StackRemoval(context, requirements, admission, this.backups);
  }

  /**
   * Opens the routes; then, in the background, ends a run that was cut off and supervises the
   * stack.
   */
  public void boot() {
    reconciler.start();
    backups.boot();
  }

  /** The reconciler; for tests, which run it on their own thread. */
  public Reconciler reconciler() {
    return reconciler;
  }

  /** Looks after what serves; for tests. */
  ServingSupervisor supervisor() {
    return supervisor;
  }

  @Override
  public Status status() {
    return status.collect();
  }

  @Override
  public List<VersionStatus> versions() {
    return status.versions(releases.versions(), releases::content);
  }

  @Override
  public Plan plan(String version, DataOptions options, RehearsalOptions rehearsal) {
    releases.release(version);
    return refuseOnFailure(
        () -> new PlanBuilder(context).build(version, options, rehearsal.resolve(context)));
  }

  @Override
  public Generation serving() {
    Generation serving = requirements.requireServing("rehearse");
    requireHere(serving, "rehearsed");
    return serving;
  }

  @Override
  public Generation current() {
    return journal.serving().orElseGet(() -> requirements.requireServing("export"));
  }

  /**
   * Brings the stack up for the first time, with the image and the data of the file of an export;
   * returns the run's id.
   */
  public String importArchive(Path file, String version) {
    admission.requireAdmission();
    releases.release(version);
    refuseOnFailure(requirements::refuseUnknownData);
    return executor.start(() ->
        new UpgradeRun(
            journal.begin(Kind.UP, "", version, null, null, ArchiveImports.attachments(file)),
            UpgradePlans.FIRST_UP,
            null,
            null));
  }

  /** Whether nothing has served yet, and nothing is under way that would. */
  public boolean isUntouched() {
    return journal.serving().isEmpty()
        && journal.servingOriginal().isEmpty()
        && journal.running().isEmpty();
  }

  @Override
  public String up(@Nullable String version) {
    admission.requireAdmission();
    if (version != null) {
      releases.release(version);
    }
    Optional<Generation> last = journal.serving();
    if (last.isEmpty()) {
      refuseOnFailure(requirements::refuseUnknownData);
      String wanted = version == null ? releases.newest() : version;
      Optional<Path> archive = ArchiveImports.requirePending(context.settings().stack().folder());
      if (archive.isPresent()) {
        return importArchive(archive.get(), wanted);
      }
      return executor.start(() ->
          new UpgradeRun(
              journal.begin(Kind.UP, "", wanted, null, null, Map.of()),
              UpgradePlans.FIRST_UP,
              null,
              null));
    }
    Generation serving = last.get();
    if (version != null && !version.equals(serving.version())) {
      throw new RefusedException(
          serving.version()
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
                Kind.UP,
                serving.version(),
                serving.version(),
                serving.number(),
                serving.number(),
                Map.of()),
            UpgradePlans.UP_AGAIN,
            null,
            serving));
  }

  @Override
  public String upgrade(String version, DataOptions options, RehearsalOptions rehearsal) {
    admission.requireAdmission();
    releases.release(version);
    Generation blue = requirements.requireServing("upgrade");
    requireHere(blue, "upgraded");
    if (blue.version().equals(version)) {
      throw new RefusedException(version + " is the version that serves: nothing to do");
    }
    RehearsalOptions chosen = rehearsal.resolve(context);
    Map<String, String> attachments = new HashMap<>(options.attachments());
    attachments.putAll(chosen.attachments());
    return executor.start(() ->
        new UpgradeRun(
            journal.begin(Kind.UPGRADE, blue.version(), version, blue.number(), null, attachments),
            UpgradePlans.upgrade(chosen.rehearses()),
            blue,
            null));
  }

  @Override
  public String rehearse(String version) {
    admission.requireAdmission();
    releases.release(version);
    Generation blue = requirements.requireServing("rehearse an upgrade");
    requireHere(blue, "rehearsed");
    if (blue.version().equals(version)) {
      throw new RefusedException(version + " is the version that serves: nothing to rehearse");
    }
    return executor.start(() ->
        new UpgradeRun(
            journal.begin(
                Kind.REHEARSE,
                blue.version(),
                version,
                blue.number(),
                null,
                RehearsalOptions.REQUIRED.attachments()),
            UpgradePlans.REHEARSAL,
            blue,
            null));
  }

  @Override
  public String move(String address, boolean full) {
    admission.requireAdmission();
    EngineAddress _ = EngineAddress.parse(address);
    Generation blue = requirements.requireServing("move");
    requireHere(blue, "moved again");
    Map<String, String> attachments =
        new HashMap<>(new DataOptions(null, full, false).attachments());
    attachments.put(UpgradeRun.DESTINATION_KEY, address.strip());
    return executor.start(() ->
        new UpgradeRun(
            journal.begin(
                Kind.MOVE, blue.version(), blue.version(), blue.number(), null, attachments),
            UpgradePlans.MOVE,
            blue,
            null));
  }

  @Override
  public MovePlan movePlan(String address) {
    EngineAddress _ = EngineAddress.parse(address);
    Generation blue = requirements.requireServing("move");
    requireHere(blue, "moved again");
    return refuseOnFailure(() -> new MovePlanBuilder(context).build(blue, address.strip()));
  }

  @Override
  public void endMove(boolean now) {
    admission.requireAdmission();
    Generation serving = requirements.requireServing("end a move");
    RemoteEngine where = serving.elsewhere();
    if (where == null) {
      throw new RefusedException("the stack serves on this host: there is no move to end");
    }
    if (!refuseOnFailure(() -> context.ownerClaim().isTakenOver(serving))) {
      throw new RefusedException(
          "no orchestrator on %s has taken the stack over: 'orchestrator import --attach %s' there, or 'orchestrator rollback' here"
              .formatted(where.address(), serving.container()));
    }
    long open = context.traffic().routes().stream().mapToLong(route -> route.open()).sum();
    if (open > 0 && !now) {
      throw new RefusedException(
          "clients still come by the routes of this host (%d connections are open): move their address first, or cut them with --now"
              .formatted(open));
    }
    if (journal.running().isPresent() || !context.servingLock().acquire(WAIT_LIMIT)) {
      throw new RefusedException("a run is under way: wait for its end ('orchestrator watch')");
    }
    try {
      context.traffic().stopListening();
      refuseOnFailure(() -> {
        for (GenerationRecord row : journal.generations()) {
          if (row.generation().elsewhere() == null && row.state() != Generation.State.REMOVED) {
            context.retention().remove(row.generation());
          }
        }
        journal.forget();
        context.retention().removeUnusedVolumes();
        int _ = context.builder().prune(List.of());
      });
    } finally {
      context.servingLock().release();
    }
  }

  /**
   * Takes over a capsule that another orchestrator has moved here, and that runs.
   *
   * @throws RefusedException when this stack was up before
   */
  public void attach(Generation generation) {
    admission.requireAdmission();
    journal.attach(generation);
    context.resolveServingRoutes();
    refuseOnFailure(supervisor::superviseOnce);
  }

  @Override
  public String rollback(DataOptions options) {
    admission.requireAdmission();
    Rollback choice = rollback.chooseData(options);
    Generation blue = requirements.requireServing("roll back");
    requirements.requireNotTakenOver(blue);
    rollback.requireCarry(blue, choice);
    return executor.start(() -> rollback.begin(blue, choice));
  }

  @Override
  public String rollbackFromLostHost() {
    admission.requireAdmission();
    Generation lost = requirements.requireServing("roll back");
    requirements.requireLost(lost);
    return executor.start(() -> rollback.beginFromLostHost(lost));
  }

  /**
   * Adopts a compose project that runs on the engine's host: its data is copied, its containers are
   * stopped and stay, and the newest release of this stack serves at its ports. The stack must
   * never have been up.
   *
   * @return the run's id
   */
  public String adopt(Original original) {
    return adoption.begin(original);
  }

  /**
   * Requires the stack to be one that a project can be adopted into now.
   *
   * @throws RefusedException when it has a run under way, data of its own or a project
   */
  public void requireAdoptable() {
    adoption.requireAdoptable();
  }

  /** Whether a run of this stack has adopted that project, even if it failed or was undone. */
  public boolean hasAdopted(String project) {
    return adoption.hasAdopted(project);
  }

  /**
   * The compose project in whose place this stack serves, or is about to serve; empty where it was
   * not adopted, or that was undone.
   */
  public Optional<String> adoptedProject() {
    return adoption.project();
  }

  @Override
  public String undoAdopt() {
    admission.requireAdmission();
    Generation blue =
        journal.serving().isEmpty() ? null : requirements.requireServing("undo its adoption");
    return executor.start(() -> rollback.beginReturn(blue));
  }

  @Override
  public List<SnapshotStatus> snapshots() {
    return snapshots.list();
  }

  @Override
  public List<SnapshotStatus> measuredSnapshots() {
    return snapshots.measured();
  }

  @Override
  public SnapshotStatus snapshot(String name) {
    return snapshots.show(name);
  }

  @Override
  public String createSnapshot(SnapshotRequest request) {
    admission.requireAdmission();
    Generation blue = requirements.requireServing("snapshot");
    requireHere(blue, "kept as a snapshot");
    return executor.start(() -> snapshots.beginCreate(blue, request));
  }

  @Override
  public String restoreSnapshot(String name) {
    admission.requireAdmission();
    snapshots.require(name);
    boolean isFirst = journal.serving().isEmpty() && journal.servingOriginal().isEmpty();
    Generation blue = isFirst ? null : requirements.requireServing("replace by a snapshot");
    if (blue != null) {
      requireHere(blue, "replaced by a snapshot");
    }
    return executor.start(() -> snapshots.beginRestore(blue, name));
  }

  @Override
  public String proveSnapshot(String name) {
    admission.requireAdmission();
    snapshots.require(name);
    return executor.start(() -> snapshots.beginProve(journal.serving().orElse(null), name));
  }

  @Override
  public TakenFiles restoreFiles(String name, String path, @Nullable String to) {
    admission.requireAdmission();
    return refuseOnFailure(() ->
        snapshots.restoreFiles(
            name, path, to, () -> requirements.requireServing("restore a file into")));
  }

  @Override
  public SnapshotDiff diffSnapshot(String name, @Nullable String other) {
    return refuseOnFailure(() ->
        snapshots.diff(name, other, () -> requirements.requireServing("compare a snapshot with")));
  }

  @Override
  public String deleteSnapshot(String name) {
    admission.requireAdmission();
    return refuseOnFailure(() -> snapshots.delete(name));
  }

  @Override
  public List<String> pruneSnapshots(boolean plan) {
    admission.requireAdmission();
    return refuseOnFailure(() -> snapshots.prune(plan));
  }

  @Override
  public BackupReport backups() {
    return backups.list();
  }

  @Override
  public String beginBackup(BackupRequest request) {
    if (request instanceof BackupRequest.Run run && run.snapshot() == null && !run.ifRequired()) {
      Generation _ = requirements.requireServing("back up");
      admission.requireAdmission();
      requirements.requireNoRun();
    }
    return backups.begin(request);
  }

  @Override
  public BackupOperation backupOperation(String id) {
    return backups.operation(id);
  }

  @Override
  public void noteMissedBackup(String why) {
    context.backupLog().noteFailure(context.clock().instant(), why);
  }

  @Override
  public RollbackCost rollbackCost() {
    Generation serving = requirements.requireServing("roll back");
    return ofOtherHost(serving, () -> rollback.cost(serving));
  }

  @Override
  public RollbackCost undoCost() {
    return refuseOnFailure(rollback::undoCost);
  }

  @Override
  public DoctorReport doctor() {
    return new DoctorChecks(context, backups::health).run();
  }

  @Override
  public String abort() {
    return intervention.abort();
  }

  @Override
  public String resume() {
    return intervention.resume();
  }

  @Override
  public int down(Removal removal) {
    return removing.down(removal);
  }

  /**
   * Begins no run from now on.
   *
   * @param why the refusal of those who ask for one
   * @throws RefusedException when a run, or work on the backups, is under way
   */
  public void closeAdmission(String why) {
    if (backups.isBusy()) {
      throw new RefusedException(
          "a backup is under way: wait for its end, or 'orchestrator abort'");
    }
    admission.closeFor(why);
  }

  /**
   * Begins no run from now on, as another process takes all stacks over.
   *
   * @param why the refusal of those who ask for one
   * @throws RefusedException when a run is under way that makes progress
   */
  public void closeForHandover(String why) {
    admission.closeForHandover(why);
    backups.end();
  }

  /** Begins runs again. */
  public void openAdmission() {
    admission.open();
    backups.reopen();
  }

  @Override
  public List<UpgradeRecord> history() {
    return journal.history();
  }

  @Override
  public Receipt receipt(String id) {
    requireRun(id);
    return ReceiptReader.of(journal, context.settings().stack().name(), id);
  }

  private void requireRun(String id) {
    if (journal.upgrade(id).isEmpty()) {
      throw new RefusedException("no run " + id + ": see 'orchestrator history'");
    }
  }

  @Override
  public List<String> logs(@Nullable String service, int tail) {
    return logs.tail(service, tail);
  }

  @Override
  public EventHub.Subscription watch(String id, Consumer<RunEvent> listener) {
    requireRun(id);
    return context.events().watch(id, listener);
  }

  /**
   * Stops supervising the stack; the routes stay as they are. A run that is under way is cut off,
   * as by a kill, and the next start of the service ends it. Returns when the run's thread has
   * ended.
   */
  @Override
  public void close() {
    admission.close();
    reconciler.close();
    backups.close();
    if (!executor.close(CLOSE_LIMIT)) {
      log.warn("the run that is under way did not stop within {} s", CLOSE_LIMIT.toSeconds());
    }
  }
}
