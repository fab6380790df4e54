package dev.orchestrator.upgrade;

import dev.orchestrator.Refusal;
import dev.orchestrator.capsule.Releases;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.Receipts;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one stack of this service under control: accepts runs, one at a time, and tells of them. */
public final class StackControl implements Control, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StackControl.class);
  private static final Duration LOOK = Duration.ofSeconds(10);
  private static final Duration ASK = Duration.ofSeconds(20);

  private final Parts parts;
  private final Names names;
  private final Releases releases;
  private final Journal journal;
  private final EventHub events;
  private final Saga saga;
  private final Keeper keeper;
  private final StatusView view;
  private final Executor runs;

  /** Held by whoever changes what runs: a run, {@code down}, the keeper. */
  private final ReentrantLock work = new ReentrantLock();

  private final Succession succession;
  private volatile boolean closed;
  private volatile boolean leaving;

  /**
   * @param nextRun when the schedule runs next, or null
   * @param runs where runs are run: a new virtual thread for each
   */
  public StackControl(
      Parts parts, Releases releases, Supplier<@Nullable Instant> nextRun, Executor runs) {
    this(parts, releases, nextRun, runs, Succession.NONE);
  }

  /** With other processes before and after this one. */
  public StackControl(
      Parts parts,
      Releases releases,
      Supplier<@Nullable Instant> nextRun,
      Executor runs,
      Succession succession) {
    this.succession = succession;
    this.runs = runs;
    this.parts = parts;
    this.names = new Names(parts.settings());
    this.releases = releases;
    this.journal = parts.journal();
    this.events = new EventHub(journal, parts.clock());
    this.saga = new Saga(parts, names, events);
    this.keeper = new Keeper(parts);
    this.view = new StatusView(parts, nextRun);
  }

  /** Opens the routes on what serves, then, in the background, ends what was cut off. */
  public void boot() {
    Boot boot = openRoutes();
    Thread.ofVirtual().name("keeper").start(() -> keep(boot));
  }

  /** The first half of {@link #boot}. */
  Boot openRoutes() {
    Boot boot = new Boot(parts, names, saga, keeper);
    boot.openRoutes();
    return boot;
  }

  private void keep(Boot boot) {
    guarded(boot::replay);
    while (!closed) {
      LockSupport.parkNanos(LOOK.toNanos());
      if (!closed && !leaving && journal.running().isEmpty()) {
        guarded(keeper::look);
      }
    }
  }

  private void guarded(Runnable task) {
    if (!work.tryLock()) {
      return;
    }
    try {
      task.run();
    } catch (RuntimeException e) {
      log.error("{}", e.getMessage(), e);
    } finally {
      work.unlock();
    }
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
  public Plan plan(String version) {
    releases.release(version);
    Optional<Generation> serving = journal.serving();
    Kind kind = serving.isPresent() ? Kind.UPGRADE : Kind.UP;
    List<Step> steps = serving.isPresent() ? Planner.UPGRADE : Planner.FIRST_UP;
    return new Plan(
        kind,
        parts.settings().stack().name(),
        serving.map(Generation::version).orElse(""),
        version,
        steps.stream().map(step -> new Plan.Step(step.id(), step.does(), step.undo())).toList());
  }

  @Override
  public String up(@Nullable String version) {
    mayBegin();
    if (version != null) {
      releases.release(version);
    }
    Optional<Generation> serving = journal.serving();
    if (serving.isEmpty()) {
      String wanted = version == null ? newest() : version;
      return start(journal.begin(Kind.UP, "", wanted, null), Planner.FIRST_UP, null, null);
    }
    Generation now = serving.get();
    if (version != null && !version.equals(now.version())) {
      throw new Refusal(
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
  public String upgrade(String version) {
    mayBegin();
    releases.release(version);
    Generation blue = serving("upgrade");
    if (blue.version().equals(version)) {
      throw new Refusal(version + " is the version that serves: nothing to do");
    }
    UpgradeRecord record = journal.begin(Kind.UPGRADE, blue.version(), version, blue.number());
    return start(record, Planner.UPGRADE, blue, null);
  }

  @Override
  public String rollback() {
    mayBegin();
    Generation blue = serving("roll back");
    Generation old =
        journal
            .previous()
            .orElseThrow(() ->
                new Refusal(
                    "nothing to go back to: no earlier version is kept (upgrade.keep); see"
                        + " 'orchestrator versions'"));
    UpgradeRecord record =
        journal.begin(Kind.ROLLBACK, blue.version(), old.version(), blue.number());
    journal.candidate(record.id(), old.number());
    return start(record, Planner.ROLLBACK, blue, old);
  }

  private String newest() {
    return releases
        .newest()
        .orElseThrow(() ->
            new Refusal(
                "no version yet: put one with its compose file below "
                    + parts.settings().stack().releases()));
  }

  private Generation serving(String what) {
    Generation serving =
        journal
            .serving()
            .orElseThrow(() ->
                new Refusal(
                    "nothing to " + what + ": the stack was never brought up: 'orchestrator up'"));
    if (journal.down()) {
      throw new Refusal("the stack is down: 'orchestrator up' first, then " + what);
    }
    return serving;
  }

  private String start(
      UpgradeRecord record,
      List<Step> steps,
      @Nullable Generation blue,
      @Nullable Generation green) {
    Run run = new Run(record, steps, blue, green);
    runs.execute(() -> {
      work.lock();
      try {
        saga.execute(run, steps);
      } finally {
        work.unlock();
      }
    });
    return record.id();
  }

  @Override
  public void down(Removal removal) {
    mayBegin();
    if (journal.running().isPresent() || !work.tryLock()) {
      throw new Refusal("a run is under way: wait for its end ('orchestrator watch')");
    }
    try {
      parts.traffic().shut();
      journal.setDown(true);
      Optional<Generation> serving = journal.serving();
      if (serving.isPresent()) {
        parts.engine().stopContainer(serving.get().container(), Undo.STOP);
      }
      if (removal != Removal.NOTHING) {
        new Retention(parts, names).removeAll();
        journal.forget();
      }
      if (removal == Removal.IMAGES) {
        parts.builder().prune(List.of());
      }
    } finally {
      work.unlock();
    }
  }

  private void mayBegin() {
    if (leaving) {
      throw new Refusal("another process takes over: try again when it serves");
    }
    if (!succession.predecessorLeft()) {
      throw new Refusal(
          "the process that served before lets its last connections end: try again in half a"
              + " minute");
    }
  }

  @Override
  public String handOver() {
    mayBegin();
    if (!work.tryLock()) {
      throw new Refusal("a run is under way: wait for its end ('orchestrator watch')");
    }
    try {
      leaving = true; // First: a run that begins now sees it, or is seen in the journal.
      if (journal.running().isPresent()) {
        throw new Refusal("a run is under way: wait for its end ('orchestrator watch')");
      }
      return succession.offer();
    } catch (RuntimeException e) {
      leaving = false;
      throw e;
    } finally {
      work.unlock();
    }
  }

  /** The other process did not come. */
  public void stay() {
    leaving = false;
  }

  @Override
  public List<UpgradeRecord> history() {
    return journal.history();
  }

  @Override
  public Receipt receipt(String id) {
    known(id);
    return Receipts.of(journal, parts.settings().stack().name(), id);
  }

  private void known(String id) {
    if (journal.upgrade(id).isEmpty()) {
      throw new Refusal("no run " + id + ": see 'orchestrator history'");
    }
  }

  @Override
  public List<String> logs(@Nullable String service, int tail) {
    Generation now = serving("show logs of");
    return parts.capsule(now).logs(service, tail, ASK);
  }

  @Override
  public Subscription watch(String id, Consumer<Event> listener) {
    known(id);
    return events.watch(id, listener);
  }

  /** Stops looking after the stack; the routes stay as they are. */
  @Override
  public void close() {
    closed = true;
  }
}
