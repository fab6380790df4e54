package dev.orchestrator.stack;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.adopt.OriginalJson;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineAddress;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.ReceiptReader;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
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
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.LostHost;
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
import java.util.Objects;
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
  private static final Duration WAIT_LIMIT = Duration.ofSeconds(20);

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
            new ContainerEvents(context.engine(), context.names().stackLabels()));
    this.admission =
        new RunAdmission(journal, context.servingLock(), reconciler, executor, handover);
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

  @Override
  public Status status() {
    return status.collect();
  }

  @Override
  public List<VersionStatus> versions() {
    return status.versions(releases.versions(), releases::content);
  }

  @Override
  public Plan plan(String version, DataOptions options) {
    releases.release(version);
    return refuseOnFailure(() -> new PlanBuilder(context).build(version, options));
  }

  @Override
  public Generation serving() {
    Generation serving = requireServing("rehearse");
    requireHere(serving, "rehearsed");
    return serving;
  }

  @Override
  public Generation current() {
    return journal.serving().orElseGet(() -> requireServing("export"));
  }

  /**
   * Brings the stack up for the first time, with the image and the data of the file of an export;
   * returns the run's id.
   */
  public String importArchive(Path file, String version) {
    admission.requireAdmission();
    releases.release(version);
    refuseOnFailure(this::refuseUnknownData);
    return executor.start(() ->
        new UpgradeRun(
            journal.begin(Kind.UP, "", version, null, null, ArchiveImports.attachments(file)),
            UpgradePlans.FIRST_UP,
            null,
            null));
  }

  @Override
  public String up(@Nullable String version) {
    admission.requireAdmission();
    if (version != null) {
      releases.release(version);
    }
    Optional<Generation> last = journal.serving();
    if (last.isEmpty()) {
      refuseOnFailure(this::refuseUnknownData);
      String wanted = version == null ? releases.newest() : version;
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
  public String upgrade(String version, DataOptions options) {
    admission.requireAdmission();
    releases.release(version);
    Generation blue = requireServing("upgrade");
    requireHere(blue, "upgraded");
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
  public String move(String address, boolean full) {
    admission.requireAdmission();
    EngineAddress _ = EngineAddress.parse(address);
    Generation blue = requireServing("move");
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
    Generation blue = requireServing("move");
    requireHere(blue, "moved again");
    return refuseOnFailure(() -> new MovePlanBuilder(context).build(blue, address.strip()));
  }

  @Override
  public void endMove(boolean now) {
    admission.requireAdmission();
    Generation serving = requireServing("end a move");
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

  private void requireNotTakenOver(Generation serving) {
    RemoteEngine where = serving.elsewhere();
    if (where != null && ofOtherHost(serving, () -> context.ownerClaim().isTakenOver(serving))) {
      throw new RefusedException(
          "the orchestrator on %s has taken the stack over: go on there; 'orchestrator move --done' ends what is left of it here"
              .formatted(where.address()));
    }
  }

  private static void requireHere(Generation serving, String purpose) {
    RemoteEngine where = serving.elsewhere();
    if (where != null) {
      throw new RefusedException(
          "the stack serves on %s, and can't be %s from here: 'orchestrator rollback' brings it back, or let the orchestrator there take it over ('orchestrator import --attach %s')"
              .formatted(where.address(), purpose, serving.container()));
    }
  }

  @Override
  public String rollback(DataOptions options) {
    admission.requireAdmission();
    Rollback choice = rollback.chooseData(options);
    Generation blue = requireServing("roll back");
    requireNotTakenOver(blue);
    return executor.start(() -> rollback.begin(blue, choice));
  }

  @Override
  public String rollbackFromLostHost() {
    admission.requireAdmission();
    Generation lost = requireServing("roll back");
    requireLost(lost);
    return executor.start(() -> rollback.beginFromLostHost(lost));
  }

  /** Requires the host on which the stack serves not to answer. */
  private void requireLost(Generation serving) {
    RemoteEngine where = serving.elsewhere();
    if (where == null) {
      throw new RefusedException("the stack serves on this host: --lost is for one that was moved");
    }
    try {
      Optional<ContainerInfo> _ = context.engine().container(serving.container());
    } catch (EngineException e) {
      if (e.kind() == EngineException.Kind.UNREACHABLE
          || e.kind() == EngineException.Kind.TIMEOUT) {
        return;
      }
      throw new RefusedException(FailureText.of(e), e);
    }
    throw new RefusedException(
        "%s answers, and has what was written there: 'orchestrator rollback' brings it back"
            .formatted(where.address()));
  }

  /** An answer that the other host must give, or what to do where it never will. */
  private <T> T ofOtherHost(Generation serving, Supplier<T> question) {
    RemoteEngine where = serving.elsewhere();
    try {
      return question.get();
    } catch (EngineException | CapsuleException | DataException e) {
      throw new RefusedException(
          FailureText.of(e) + (where == null ? "" : "; " + LostHost.advice(where)), e);
    }
  }

  /**
   * Adopts a compose project that runs on the engine's host: its data is copied, its containers are
   * stopped and stay, and the newest release of this stack serves at its ports. The stack must
   * never have been up.
   *
   * @return the run's id
   */
  public String adopt(Original original) {
    requireAdoptable();
    refuseOnFailure(this::refuseUnknownData);
    String version = releases.newest();
    return executor.start(() ->
        new UpgradeRun(
            journal.begin(
                Kind.ADOPT,
                original.project(),
                version,
                null,
                null,
                Map.of(UpgradeRun.ORIGINAL_KEY, OriginalJson.write(original))),
            UpgradePlans.ADOPT,
            null,
            null,
            original));
  }

  /**
   * Requires the stack to be one that a project can be adopted into now.
   *
   * @throws RefusedException when it has a run under way, data of its own or a project
   */
  public void requireAdoptable() {
    admission.requireAdmission();
    journal
        .running()
        .ifPresent(run -> {
          throw new RefusedException(
              "stack %s: %s is under way: 'orchestrator --stack %s watch' shows it"
                  .formatted(
                      context.settings().stack().name(),
                      run.id(),
                      context.settings().stack().name()));
        });
    journal
        .adoption()
        .ifPresent(run -> {
          throw new RefusedException(
              "project %s was adopted before (%s): 'orchestrator adopt --undo' first"
                  .formatted(run.fromVersion(), run.id()));
        });
    Optional<Generation> serving = journal.serving();
    if (serving.isPresent()) {
      throw new RefusedException(
          "stack %s has data of its own, and is at %s: adopt into a stack that was never up"
              .formatted(context.settings().stack().name(), serving.get().version()));
    }
  }

  /** Whether a run of this stack has adopted that project, even if it failed or was undone. */
  public boolean hasAdopted(String project) {
    return journal.history().stream()
        .anyMatch(run -> run.kind() == Kind.ADOPT && run.fromVersion().equals(project));
  }

  /**
   * The compose project in whose place this stack serves, or is about to serve; empty where it was
   * not adopted, or that was undone.
   */
  public Optional<String> adoptedProject() {
    return journal
        .running()
        .filter(run -> run.kind() == Kind.ADOPT)
        .or(journal::adoption)
        .map(UpgradeRecord::fromVersion);
  }

  @Override
  public String undoAdopt() {
    admission.requireAdmission();
    Generation blue = journal.serving().isEmpty() ? null : requireServing("undo its adoption");
    return executor.start(() -> rollback.beginReturn(blue));
  }

  @Override
  public List<SnapshotStatus> snapshots() {
    return snapshots.list();
  }

  @Override
  public SnapshotStatus snapshot(String name) {
    return snapshots.show(name);
  }

  @Override
  public String createSnapshot(SnapshotRequest request) {
    admission.requireAdmission();
    Generation blue = requireServing("snapshot");
    requireHere(blue, "kept as a snapshot");
    return executor.start(() -> snapshots.beginCreate(blue, request));
  }

  @Override
  public String restoreSnapshot(String name) {
    admission.requireAdmission();
    snapshots.require(name);
    boolean isFirst = journal.serving().isEmpty() && journal.servingOriginal().isEmpty();
    Generation blue = isFirst ? null : requireServing("replace by a snapshot");
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
    return refuseOnFailure(
        () -> snapshots.restoreFiles(name, path, to, () -> requireServing("restore a file into")));
  }

  @Override
  public SnapshotDiff diffSnapshot(String name, @Nullable String other) {
    return refuseOnFailure(
        () -> snapshots.diff(name, other, () -> requireServing("compare a snapshot with")));
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
      Generation _ = requireServing("back up");
      admission.requireAdmission();
      requireNoRun();
    }
    return backups.begin(request);
  }

  private void requireNoRun() {
    journal
        .running()
        .ifPresent(run -> {
          throw new NotYetException(
              "%s is under way: wait for its end ('orchestrator watch')".formatted(run.id()));
        });
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
    Generation serving = requireServing("roll back");
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
    UpgradeRun run = executor.current();
    if (run != null) {
      run.control.abort(run.id());
      return run.id();
    }
    Optional<String> backup = backups.abort();
    if (backup.isPresent()) {
      return backup.get();
    }
    UpgradeRecord unfinished =
        needsAttention().orElseThrow(() -> new RefusedException("nothing runs: nothing to abort"));
    journal.settle(unfinished.id(), "left as it is by hand");
    return unfinished.id();
  }

  @Override
  public String resume() {
    UpgradeRun run = executor.current();
    if (run != null) {
      if (run.control.stuck() == null) {
        throw new RefusedException(run.id() + " is under way: 'orchestrator watch' shows it");
      }
      run.control.retryNow();
      return run.id();
    }
    admission.requireAdmission();
    UpgradeRecord unfinished =
        needsAttention()
            .orElseThrow(() -> new RefusedException("nothing needs attention: nothing to resume"));
    refuseOnFailure(supervisor::superviseOnce);
    Generation serving = requireServing("resume");
    List<String> problems = refuseOnFailure(() -> context.checkHealth(serving));
    if (!problems.isEmpty()) {
      throw new RefusedException(
          serving.version() + " is not healthy yet: " + String.join("; ", problems));
    }
    journal.settle(unfinished.id(), serving.version() + " is healthy since");
    return unfinished.id();
  }

  private Optional<UpgradeRecord> needsAttention() {
    return journal.history().stream()
        .findFirst()
        .filter(run -> run.outcome() == Outcome.NEEDS_ATTENTION);
  }

  private Generation requireServing(String purpose) {
    Generation serving =
        journal
            .serving()
            .orElseThrow(() ->
                new RefusedException(
                    "nothing to "
                        + purpose
                        + journal
                            .servingOriginal()
                            .map(project ->
                                ": project %s serves in place of the stack: 'orchestrator adopt %s --stack %s' adopts it"
                                    .formatted(project, project, context.settings().stack().name()))
                            .orElse(": the stack was never brought up: 'orchestrator up'")));
    if (journal.down()) {
      throw new RefusedException("the stack is down: 'orchestrator up' first, then " + purpose);
    }
    return serving;
  }

  /** Refuses to begin anew with an empty journal while the engine has data of this stack. */
  private void refuseUnknownData() {
    List<String> knownVolumes =
        journal.generations().stream()
            .flatMap(row -> row.generation().volumes().stream())
            .flatMap(volume -> volume.needs().stream())
            .toList();
    context.engine().volumes(context.names().stackLabels()).stream()
        .filter(volume -> "data".equals(volume.labels().get(Labels.ROLE)))
        .filter(volume -> !knownVolumes.contains(volume.name()))
        .findFirst()
        .ifPresent(volume -> {
          throw new RefusedException(
              "there is data of this stack (volume %s) that the journal in %s doesn't know: put a copy of the journal back, or remove what is there with 'docker rm -f' and 'docker volume rm'"
                  .formatted(volume.name(), context.settings().state()));
        });
  }

  /** Runs a query of the engine or a capsule; turns its failure into a refusal. */
  private static <T> T refuseOnFailure(Supplier<T> question) {
    try {
      return question.get();
    } catch (EngineException | CapsuleException | DataException e) {
      throw new RefusedException(FailureText.of(e), e);
    }
  }

  private static void refuseOnFailure(Runnable question) {
    boolean _ =
        refuseOnFailure(() -> {
          question.run();
          return true;
        });
  }

  @Override
  public int down(Removal removal) {
    admission.requireAdmission();
    journal.serving().ifPresent(this::requireNotTakenOver);
    if (journal.running().isPresent() || !context.servingLock().acquire(WAIT_LIMIT)) {
      throw new RefusedException(
          "a run is under way, or the stack is being started: wait for its end ('orchestrator"
              + " watch')");
    }
    try {
      return refuseOnFailure(() -> takeDown(removal));
    } finally {
      context.servingLock().release();
    }
  }

  private int takeDown(Removal removal) {
    if (removal != Removal.NOTHING && backups.isBusy()) {
      throw new NotYetException(
          "a backup is under way, which reads or writes volumes: wait for its end, or 'orchestrator"
              + " abort'");
    }
    journal.setDown(true);
    context.traffic().stopListening();
    journal
        .serving()
        .ifPresent(serving ->
            context.engine().stopContainer(serving.container(), UpgradeContext.STOP_TIMEOUT));
    if (removal != Removal.NOTHING) {
      context.retention().removeAll();
      if (removal == Removal.IMAGES) {
        context.retention().removeMovedImages();
      }
      journal.forget();
    }
    return removal == Removal.IMAGES ? context.builder().prune(List.of()) : 0;
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
    if (journal.serving().isEmpty() || journal.down()) {
      Optional<List<String>> ofUp = logsOfUp(service, tail);
      if (ofUp.isPresent()) {
        return ofUp.get();
      }
    }
    Generation serving = requireServing("show logs of");
    return refuseOnFailure(() -> context.capsule(serving).logs(service, tail, WAIT_LIMIT));
  }

  /** Logs of the version that an {@code up} is bringing up, or that the last one failed with. */
  private Optional<List<String>> logsOfUp(@Nullable String service, int tail) {
    Optional<UpgradeRecord> last =
        journal.history().stream().findFirst().filter(run -> run.kind() == Kind.UP);
    if (last.isEmpty()) {
      return Optional.empty();
    }
    UpgradeRecord up = last.get();
    Optional<Generation> candidate =
        journal.generations().stream()
            .map(GenerationRecord::generation)
            .filter(generation -> Objects.equals(generation.number(), up.to()))
            .findFirst()
            .filter(generation ->
                context
                    .engine()
                    .container(generation.container())
                    .filter(ContainerInfo::running)
                    .isPresent());
    return candidate.isPresent()
        ? candidate.map(generation ->
            refuseOnFailure(() -> context.capsule(generation).logs(service, tail, WAIT_LIMIT)))
        : context.failureLogs().saved(up.id(), up.toVersion(), service, tail);
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
