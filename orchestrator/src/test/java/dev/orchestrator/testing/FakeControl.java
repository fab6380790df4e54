package dev.orchestrator.testing;

import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.data.VolumeDifference.Count;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.BackupOperation;
import dev.orchestrator.report.BackupReport;
import dev.orchestrator.report.DoctorReport;
import dev.orchestrator.report.MovePlan;
import dev.orchestrator.report.Plan;
import dev.orchestrator.report.RollbackCost;
import dev.orchestrator.report.SnapshotDiff;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.report.Status;
import dev.orchestrator.report.VersionStatus;
import dev.orchestrator.stack.BackupRequest;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.upgrade.DataChanges;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.EventHub;
import dev.orchestrator.upgrade.RehearsalOptions;
import dev.orchestrator.upgrade.RunEvent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Control} whose runs a test plays event by event, so that the API and the command line
 * are tested without an engine. Thread-safe.
 */
public final class FakeControl implements Control {
  public static final Instant START = Instant.parse("2026-11-23T10:00:00Z");

  private final List<RunEvent> events = new ArrayList<>();
  private final List<Consumer<RunEvent>> watchers = new ArrayList<>();
  private final List<String> calls = new ArrayList<>();
  private int watches;
  private UpgradeRecord.Outcome outcome = UpgradeRecord.Outcome.RUNNING;
  private String reason = "";
  private String attention = "";
  private String refusal = "";
  private String refusalForGood = "";
  private int refusals;

  /** Delivers the next event of run u7, {@code afterMillis} after its start. */
  public synchronized void publish(String step, String phase, String text, long afterMillis) {
    RunEvent event =
        new RunEvent("u7", events.size() + 1L, START.plusMillis(afterMillis), step, phase, text);
    events.add(event);
    List.copyOf(watchers).forEach(watcher -> watcher.accept(event));
  }

  /** Ends run u7. */
  public synchronized void end(UpgradeRecord.Outcome ending, String why) {
    outcome = ending;
    reason = why;
    publish(ending.name(), "end", why, 65_000);
  }

  /** How good backups stand. */
  public static final BackupReport.Health BACKED_UP =
      new BackupReport.Health(
          "sftp:host:/backups", "good", "last backup 2 h ago", "", START, null, false);

  /** What {@code status} says of backups; null for none. */
  public volatile BackupReport.@Nullable Health backupHealth;

  /** Whether an upgrade needs a backup first. */
  public volatile boolean backupRequired;

  /** Whether the backup that was begun goes on. */
  public volatile boolean backupRuns;

  /** The state of the newest version. */
  public volatile String newest = "quarantined";

  /** Why work on backups fails; empty where it does not. */
  public volatile String backupFailure = "";

  /** The project that {@code status} names; null for none. */
  public volatile Status.@Nullable Original original;

  /** What {@code status} says of a run that needs attention. */
  public synchronized void attention(String text) {
    attention = text;
  }

  /** Refuses to begin anything for the time being; an empty reason admits runs again. */
  public synchronized void refuseForNow(String why) {
    refusal = why;
  }

  /** Refuses to begin anything; an empty reason admits runs again. */
  public synchronized void refuseForGood(String why) {
    refusalForGood = why;
  }

  /** Waits until so many requests were refused for the time being. */
  public synchronized void awaitRefusals(int count) throws InterruptedException {
    await(() -> refusals >= count);
  }

  /** The calls so far, such as {@code upgrade v2}. */
  public synchronized List<String> calls() {
    return List.copyOf(calls);
  }

  /** Waits until that many watches have begun, ten seconds at most. */
  public synchronized void awaitWatches(int count) throws InterruptedException {
    await(() -> watches >= count);
  }

  /** Waits until nobody watches any more, ten seconds at most. */
  public synchronized void awaitNoWatcher() throws InterruptedException {
    await(watchers::isEmpty);
  }

  private synchronized void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        throw new AssertionError(
            "waited in vain: %d watches, %d open".formatted(watches, watchers.size()));
      }
      wait(left);
    }
  }

  @Override
  public synchronized Status status() {
    return new Status(
        "demo",
        attention.isEmpty() ? "serving" : "needs attention",
        attention,
        new Status.Side("v1", 1, "demo-g1", "running", START),
        null,
        original,
        List.of(new Status.Service("db", "running", "healthy", 0, 0, "", "")),
        List.of(
            new Status.Route(
                "web", "0.0.0.0:8080", "172.17.0.2:80", "open", 2, 40, 0, 0, "proxy", "", 0, 0)),
        outcome == UpgradeRecord.Outcome.RUNNING && !events.isEmpty() ? run() : null,
        "prepare",
        null,
        null,
        "Docker 20.10.24",
        backupHealth,
        null,
        List.of());
  }

  @Override
  public List<VersionStatus> versions() {
    return List.of(
        new VersionStatus("v1", "serving", "", "", null),
        new VersionStatus("v3", newest, "verify: db is unhealthy", "", null));
  }

  @Override
  public Plan plan(String version, DataOptions options, RehearsalOptions rehearsal) {
    requireKnownVersion(version);
    return new Plan(
        UpgradeRecord.Kind.UPGRADE,
        "demo",
        "v1",
        version,
        List.of(new Plan.Step("hold", "new connections wait", "release to blue")),
        List.of(
            new Plan.Volume(
                "data",
                "overlay",
                "a layer over v1's data: a clone, whatever the size",
                2_400_000_000L,
                0,
                80_000_000_000L,
                "ext2/ext3",
                0,
                0)),
        "stop: services in order, each within its own grace time",
        options.acceptUnused().isEmpty()
            ? List.of("service app keeps 1.2 MB in /var/lib/app, outside its volumes")
            : List.of(String.join(", ", options.acceptUnused()) + " may go unused"));
  }

  @Override
  public Generation current() {
    return serving();
  }

  @Override
  public Generation serving() {
    return new Generation(
        1,
        "v1",
        "content",
        "sha256:1",
        "demo-g1",
        List.of(DataVolume.plain(DataVolume.MAIN, "demo-g1-data", Method.NEW, List.of())),
        "demo-g1-store",
        Map.of("web:80", 80),
        START);
  }

  @Override
  public synchronized String up(@Nullable String version) {
    calls.add("up " + Optional.ofNullable(version).orElse("(default)"));
    return "v1".equals(version) ? "" : "u7";
  }

  @Override
  public synchronized void endMove(boolean now) {
    calls.add("move done" + (now ? " now" : ""));
  }

  @Override
  public MovePlan movePlan(String address) {
    Plan plan = plan("v1", DataOptions.NONE);
    return new MovePlan(
        new Plan(
            UpgradeRecord.Kind.MOVE,
            plan.stack(),
            "v1",
            "v1",
            plan.steps(),
            plan.data(),
            plan.quiesce(),
            List.of("somebody listens there")),
        address,
        "192.0.2.7",
        "Docker 26.1.5 (API 1.45) on linux/amd64",
        List.of(
            new MovePlan.Image("the base image, orchestrator/base:1", 0),
            new MovePlan.Image("the capsule's image of v1", 210_000_000)),
        620_000_000,
        1_000_000_000,
        address.contains("small") ? 900_000_000 : 90_000_000_000L,
        List.of("db:3306", "web:80"),
        3_200,
        "u6 took 2900 ms in those steps, the last pass takes about 300 ms",
        address.contains("small")
            ? List.of("not enough space", "another architecture")
            : List.of());
  }

  @Override
  public synchronized String move(String address, boolean full) {
    calls.add("move to " + address + (full ? ", full" : ""));
    return "u7";
  }

  @Override
  public synchronized String upgrade(
      String version, DataOptions options, RehearsalOptions rehearsal) {
    if (!refusalForGood.isEmpty()) {
      throw new RefusedException(refusalForGood);
    }
    if (!refusal.isEmpty()) {
      refusals++;
      notifyAll();
      throw new NotYetException(refusal);
    }
    calls.add(
        "upgrade "
            + version
            + (options.full() ? " full" : "")
            + (options.attach() ? " attach" : "")
            + (options.acceptUnused().isEmpty() ? "" : " unused " + options.acceptUnused())
            + (rehearsal.mode() == null ? "" : " rehearsal " + rehearsal.mode()));
    requireKnownVersion(version);
    return "u7";
  }

  @Override
  public synchronized String rehearse(String version) {
    calls.add("rehearse " + version);
    requireKnownVersion(version);
    return "u7";
  }

  @Override
  public synchronized String rollback(DataOptions options) {
    calls.add("rollback " + options.rollback());
    if (options.rollback() == null) {
      throw new IllegalStateException("secret detail");
    }
    return "u7";
  }

  @Override
  public List<SnapshotStatus> snapshots() {
    return List.of(snapshot("nightly"));
  }

  @Override
  public List<SnapshotStatus> measuredSnapshots() {
    return snapshots();
  }

  @Override
  public SnapshotStatus snapshot(String name) {
    if (!name.equals("nightly")) {
      throw new RefusedException("there is no snapshot " + name);
    }
    return new SnapshotStatus(
        name,
        "v1",
        2,
        "schedule",
        START,
        2_400_000_000L,
        400_000_000L,
        START.plusSeconds(3600),
        412,
        null,
        new SnapshotRecord.Proof("u6", START, false, "verify: db is unhealthy"),
        "sha256:1",
        List.of(new SnapshotStatus.Volume("data", "demo-g2-data", "copy", List.of())),
        List.of());
  }

  @Override
  public synchronized String createSnapshot(SnapshotRequest request) {
    calls.add("snapshot " + request.name() + " " + request.quiesce() + " " + request.reason());
    return "u7";
  }

  @Override
  public synchronized String restoreSnapshot(String name) {
    calls.add("restore snapshot " + snapshot(name).name());
    return "u7";
  }

  @Override
  public synchronized String proveSnapshot(String name) {
    calls.add("prove snapshot " + snapshot(name).name());
    return "u7";
  }

  @Override
  public synchronized TakenFiles restoreFiles(String name, String path, @Nullable String to) {
    calls.add("restore " + path + " of " + snapshot(name).name() + " to " + to);
    return new TakenFiles(List.of(path), List.of(), 1200);
  }

  @Override
  public SnapshotDiff diffSnapshot(String name, @Nullable String other) {
    return new SnapshotDiff(
        snapshot(name).name(),
        other == null ? "" : snapshot(other).name(),
        List.of(
            new SnapshotDiff.Volume(
                "data",
                new Count(12, 3_400_000),
                new Count(2, 1_000),
                new Count(0, 0),
                List.of("+ db/a", "~ ./conf/b"),
                ""),
            new SnapshotDiff.Volume(
                "media",
                new Count(0, 0),
                new Count(0, 0),
                new Count(0, 0),
                List.of(),
                "both have this one")),
        List.of(new SnapshotDiff.Table("db", "shop.orders", 1166, 1200)),
        "");
  }

  @Override
  public synchronized String deleteSnapshot(String name) {
    calls.add("delete snapshot " + snapshot(name).name());
    return name + " deleted";
  }

  @Override
  public synchronized List<String> pruneSnapshots(boolean plan) {
    calls.add("prune snapshots" + (plan ? " plan" : ""));
    return List.of("nightly");
  }

  @Override
  public BackupReport backups() {
    return new BackupReport(
        Objects.requireNonNullElse(backupHealth, BACKED_UP),
        List.of(new BackupReport.Entry("1a2b3c4d", START, "host-a", "v1", "nightly")));
  }

  @Override
  public synchronized String beginBackup(BackupRequest request) {
    if (request instanceof BackupRequest.Run run && run.ifRequired() && !backupRequired) {
      return "";
    }
    if (!refusal.isEmpty()) {
      refusals++;
      notifyAll();
      throw new NotYetException(refusal);
    }
    calls.add("backup " + request);
    return "b1";
  }

  @Override
  public BackupOperation backupOperation(String id) {
    if (!id.equals("b1")) {
      throw new RefusedException("operation " + id + " is not known");
    }
    return new BackupOperation(
        id,
        "run",
        backupRuns ? "running" : backupFailure.isEmpty() ? "done" : "failed",
        START,
        backupRuns ? null : START.plusSeconds(4),
        "",
        "",
        List.of("snapshot v1-x made", "backup 1a2b3c4d of v1-x"),
        backupFailure,
        false,
        "1a2b3c4d",
        List.of());
  }

  @Override
  public synchronized void noteMissedBackup(String why) {
    calls.add("missed backup: " + why);
  }

  @Override
  public RollbackCost rollbackCost() {
    return new RollbackCost(
        "v2",
        "v1",
        1,
        START,
        List.of(
            new DataChanges.Volume("data", "demo-g2-data", 12, 3_400_000, 1, ""),
            new DataChanges.Volume("media", "demo-media", 0, 0, 0, "both versions have this one")),
        List.of(new DataChanges.Rows("db", "shop.orders", 1200, 34)),
        "ask");
  }

  @Override
  public RollbackCost undoCost() {
    return new RollbackCost(
        "v2",
        "project photos",
        0,
        START,
        List.of(new DataChanges.Volume("data", "demo-g2-data", 0, 0, 0, "removed with the stack")),
        List.of(new DataChanges.Rows("db", "shop.orders", 1200, 34)),
        "restore");
  }

  @Override
  public DoctorReport doctor() {
    return new DoctorReport(
        "demo",
        List.of(
            new DoctorReport.Check("engine", DoctorReport.State.GOOD, "Docker 20.10", ""),
            new DoctorReport.Check(
                "way back", DoctorReport.State.BAD, "volumes are gone: x", "put a copy back")),
        List.of(
            new DoctorReport.Outside(
                "app", "/opt/app", List.of("/opt/app/x"), 1_200_000, "services.app.volumes: [x]")));
  }

  @Override
  public synchronized String abort() {
    calls.add("abort");
    return "u7";
  }

  @Override
  public synchronized String resume() {
    calls.add("resume");
    return "u7";
  }

  @Override
  public synchronized int down(Removal removal) {
    calls.add("down " + removal);
    return removal == Removal.IMAGES ? 3 : 0;
  }

  @Override
  public synchronized String rollbackFromLostHost() {
    calls.add("rollback from a lost host");
    return "u7";
  }

  @Override
  public synchronized String undoAdopt() {
    calls.add("undo adopt");
    return "u7";
  }

  @Override
  public List<UpgradeRecord> history() {
    return List.of(run());
  }

  @Override
  public synchronized Receipt receipt(String id) {
    if (!id.equals("u7")) {
      throw new RefusedException("there is no run " + id + ": 'orchestrator history' lists them");
    }
    List<Receipt.Step> steps =
        events.stream()
            .filter(event -> !event.phase().equals("end"))
            .map(e -> new Receipt.Step(e.step(), e.phase(), e.at(), 4100, e.text()))
            .toList();
    return new Receipt(
        run(),
        "demo",
        steps,
        new Receipt.Traffic(12, 6100, 5900, 0, 8, 2),
        List.of(),
        null,
        List.of(),
        null,
        List.of());
  }

  @Override
  public List<String> logs(@Nullable String service, int tail) {
    return List.of(service + " " + tail);
  }

  @Override
  public synchronized EventHub.Subscription watch(String id, Consumer<RunEvent> listener) {
    Receipt _ = receipt(id);
    watches++;
    notifyAll();
    events.forEach(listener);
    watchers.add(listener);
    return () -> {
      synchronized (this) {
        watchers.remove(listener);
        notifyAll();
      }
    };
  }

  private static void requireKnownVersion(String version) {
    if (!version.startsWith("v")) {
      throw new RefusedException("unknown version " + version + ": there are v1, v2, v3");
    }
  }

  private synchronized UpgradeRecord run() {
    return new UpgradeRecord(
        "u7",
        UpgradeRecord.Kind.UPGRADE,
        "v1",
        "v2",
        1,
        2,
        outcome,
        reason,
        START,
        outcome == UpgradeRecord.Outcome.RUNNING ? null : START.plusSeconds(65));
  }
}
