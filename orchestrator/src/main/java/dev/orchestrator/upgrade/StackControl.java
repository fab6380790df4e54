package dev.orchestrator.upgrade;

import dev.orchestrator.Refusal;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.Releases;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.Receipts;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The one stack of this service under control: accepts runs, one at a time, and tells of them. */
public final class StackControl implements Control, AutoCloseable {
  private static final Duration ASK = Duration.ofSeconds(20);

  private final Parts parts;
  private final Names names;
  private final Releases releases;
  private final Journal journal;
  private final EventHub events;
  private final Keeper keeper;
  private final Runner runner;
  private final StatusView view;
  private final Caretaker caretaker;
  private final Succession succession;
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
    this.parts = parts;
    this.names = new Names(parts.settings());
    this.releases = releases;
    this.journal = parts.journal();
    this.events = new EventHub(journal, parts.clock());
    this.keeper = new Keeper(parts, names);
    Saga saga = new Saga(parts, names, events, keeper);
    this.runner = new Runner(saga, keeper, runs);
    this.view = new StatusView(parts, nextRun, runner);
    this.caretaker = new Caretaker(new Boot(parts, names, saga), keeper, runner);
  }

  /** Opens the routes on what serves, then, in the background, ends what was cut off. */
  public void boot() {
    caretaker.start();
  }

  /** What looks after the stack; for a test, which runs it on its own thread. */
  Caretaker caretaker() {
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
      answered(this::refuseStrangers);
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

  /**
   * A journal that knows nothing, and data of this stack on the engine: never begun anew over it.
   */
  private void refuseStrangers() {
    List<String> known =
        journal.generations().stream().map(row -> row.generation().dataVolume()).toList();
    parts.engine().volumes(names.ours()).stream()
        .filter(volume -> "data".equals(volume.labels().get(Labels.ROLE)))
        .filter(volume -> !known.contains(volume.name()))
        .findFirst()
        .ifPresent(volume -> {
          throw new Refusal(
              "there is data of this stack (volume %s) that the journal in %s doesn't know: put a copy of the journal back, or remove what is there with 'docker rm -f' and 'docker volume rm'"
                  .formatted(volume.name(), parts.settings().home()));
        });
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

  @Override
  public String abort() {
    Run run = runner.current();
    if (run != null) {
      run.reins.abort(run.id());
      return run.id();
    }
    UpgradeRecord left =
        needsAttention().orElseThrow(() -> new Refusal("nothing runs: nothing to abort"));
    journal.settle(left.id(), "left as it is by hand");
    return left.id();
  }

  @Override
  public String resume() {
    mayBegin();
    Run run = runner.current();
    if (run != null) {
      if (run.reins.stuck() == null) {
        throw new Refusal(run.id() + " is under way: 'orchestrator watch' shows it");
      }
      run.reins.nudge();
      return run.id();
    }
    UpgradeRecord left =
        needsAttention()
            .orElseThrow(() -> new Refusal("nothing needs attention: nothing to resume"));
    answered(keeper::look);
    Generation now = serving("resume");
    List<String> wrong =
        parts.health().check(parts.capsule(now), parts.settings().stack().probes(), now.ports());
    if (!wrong.isEmpty()) {
      throw new Refusal(now.version() + " is not healthy yet: " + String.join("; ", wrong));
    }
    journal.settle(left.id(), now.version() + " is healthy since");
    return left.id();
  }

  private Optional<UpgradeRecord> needsAttention() {
    return journal.history().stream()
        .findFirst()
        .filter(run -> run.outcome() == Outcome.NEEDS_ATTENTION);
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
    runner.start(new Run(record, steps, blue, green), steps);
    return record.id();
  }

  @Override
  public void down(Removal removal) {
    mayBegin();
    if (journal.running().isPresent() || !keeper.hand(ASK)) {
      throw new Refusal(
          "a run is under way, or what serves is being started: wait for its end ('orchestrator"
              + " watch')");
    }
    try {
      answered(() -> takeDown(removal));
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

  /** An engine or a capsule that doesn't answer: its message is all that there is to say. */
  private static void answered(Runnable question) {
    try {
      question.run();
    } catch (EngineException | CapsuleException e) {
      throw new Refusal(Words.of(e), e);
    }
  }

  private void mayBegin() {
    caretaker.awaitCleared(ASK);
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
    if (!keeper.hand(ASK)) {
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
      keeper.back();
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
    List<String> lines = new ArrayList<>();
    answered(() -> lines.addAll(parts.capsule(now).logs(service, tail, ASK)));
    return lines;
  }

  @Override
  public Subscription watch(String id, Consumer<Event> listener) {
    known(id);
    return events.watch(id, listener);
  }

  /** Stops looking after the stack; the routes stay as they are. */
  @Override
  public void close() {
    caretaker.close();
  }
}
