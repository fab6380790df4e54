package dev.orchestrator.report;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.adopt.OriginalJson;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.health.ServiceChecks;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.QuarantineRecord;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.journal.ReversalRecord;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.SwitchRecord;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.release.Releases;
import dev.orchestrator.upgrade.LostHost;
import dev.orchestrator.upgrade.RunControl;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Collects what {@code status} and {@code versions} show from journal, engine and proxy. Reads
 * only; blocks for some seconds at most. An engine that does not answer is part of the status.
 * Thread-safe.
 */
public final class StatusCollector {
  private static final Duration CAPSULE_TIMEOUT = Duration.ofSeconds(5);

  /** So many ends with an error in five minutes are a loop, however slow. */
  private static final int RESTART_LOOP = 2;

  /** Before the reason why the state of a capsule is not known. */
  private static final String UNKNOWN = "unknown: ";

  private final UpgradeContext context;
  private final Journal journal;
  private final Supplier<@Nullable Instant> nextRun;
  private final Supplier<@Nullable UpgradeRun> currentRun;
  private final Supplier<BackupReport.@Nullable Health> backups;

  public StatusCollector(
      UpgradeContext context,
      Supplier<@Nullable Instant> nextRun,
      Supplier<@Nullable UpgradeRun> currentRun,
      Supplier<BackupReport.@Nullable Health> backups) {
    this.backups = backups;
    this.currentRun = currentRun;
    this.context = context;
    this.journal = context.journal();
    this.nextRun = nextRun;
  }

  /** Collects the status. */
  public Status collect() {
    Optional<Generation> serving = journal.serving();
    Optional<UpgradeRecord> running = journal.running();
    Optional<UpgradeRecord> lastRun =
        journal.history().stream().filter(run -> run.outcome() != Outcome.RUNNING).findFirst();
    Status.Side side = serving.map(this::sideOf).orElse(null);
    boolean isAway = side != null && side.engine() != null && side.state().startsWith(UNKNOWN);
    String attention = describeAttention(lastRun, running);
    if (attention.isEmpty() && isAway && running.isEmpty()) {
      attention = describeAway(serving.orElseThrow());
    }
    List<StepRecord> lines = running.map(run -> journal.steps(run.id())).orElse(List.of());
    return new Status(
        context.settings().stack().name(),
        attention.isEmpty() ? stackState(serving, running) : "needs attention",
        attention,
        side,
        journal.previous().map(this::sideOf).orElse(null),
        original(),
        isAway
            ? List.of()
            : serving.filter(now -> !journal.down()).map(this::servicesOf).orElse(List.of()),
        context.traffic().routes().stream()
            .map(route ->
                new Status.Route(
                    route.name(),
                    route.address(),
                    route.target(),
                    route.gate(),
                    route.open(),
                    route.total(),
                    route.held(),
                    route.dropped(),
                    route.path().kernel() ? "kernel" : "proxy",
                    route.path().why(),
                    route.path().connections(),
                    route.path().bytes()))
            .toList(),
        running.orElse(null),
        lines.isEmpty() ? "" : lines.getLast().step(),
        lastRun.orElse(null),
        nextRun.get(),
        describeEngine(),
        backups.get(),
        journal.rehearsals().stream().findFirst().orElse(null),
        context.invariants().last());
  }

  private String stackState(Optional<Generation> serving, Optional<UpgradeRecord> running) {
    if (running.isPresent()) {
      return runState(running.get());
    }
    if (serving.isEmpty()) {
      return journal.servingOriginal().isPresent() ? "original serves" : "empty";
    }
    return journal.down() ? "down" : "serving";
  }

  private static String runState(UpgradeRecord run) {
    if (run.returnsToOriginal()) {
      return "undoing adoption";
    }
    return switch (run.kind()) {
      case ADOPT -> "adopting";
      case MOVE -> "moving";
      case SNAPSHOT -> "making a snapshot";
      case RESTORE -> "restoring a snapshot";
      case PROVE -> "proving a snapshot";
      case REHEARSE -> "rehearsing an upgrade";
      case UP, UPGRADE, ROLLBACK -> "upgrading";
    };
  }

  /** The project that was adopted, or is about to be, or serves again after that was undone. */
  private Status.@Nullable Original original() {
    Optional<UpgradeRecord> last =
        journal.history().stream().filter(UpgradeRecord::concernsOriginal).findFirst();
    if (last.isEmpty()) {
      return null;
    }
    UpgradeRecord run = last.get();
    boolean serves = journal.servingOriginal().isPresent();
    if (!serves && run.outcome() != Outcome.RUNNING && journal.adoption().isEmpty()) {
      return null; // The stack has begun anew since.
    }
    Original original =
        journal
            .attachment(run.id(), UpgradeRun.ORIGINAL_KEY)
            .map(OriginalJson::read)
            .orElseThrow(() -> new IllegalStateException(run.id() + " has no project"));
    String state;
    try {
      state = context.originals().describeState(original);
    } catch (EngineException e) {
      state = "unknown: " + e.getMessage();
    }
    return new Status.Original(
        original.project(), serves, state, String.join("; ", context.leftBehind().of(run.id())));
  }

  /** The problem that needs a person, with the commands that help; empty when there is none. */
  private String describeAttention(
      Optional<UpgradeRecord> lastRun, Optional<UpgradeRecord> running) {
    UpgradeRun run = currentRun.get();
    RunControl.Stuck stuck = run == null ? null : run.control.stuck();
    if (run != null && stuck != null) {
      return "%s can't be undone at step %s and is tried again and again: %s; see 'orchestrator show %s' and 'docker ps -a', then 'orchestrator resume' to try at once, or 'orchestrator abort' to leave it as it is"
          .formatted(run.id(), stuck.step().id(), stuck.why(), run.id());
    }
    String routes = journal.down() ? "" : context.traffic().openFailure();
    if (!routes.isEmpty() && journal.serving().isPresent()) {
      return "clients are refused, as the routes can't be opened: "
          + routes
          + "; they are tried again every few seconds";
    }
    if (running.isPresent()) {
      String id = running.get().id();
      return run == null ? UpgradePlans.describeUnknownStep(id, journal.steps(id)).orElse("") : "";
    }
    return lastRun
        .filter(ended -> ended.outcome() == Outcome.NEEDS_ATTENTION)
        .map(ended ->
            "%s: %s; see 'orchestrator logs', then 'orchestrator resume' when it is mended, or 'orchestrator abort' to leave it as it is"
                .formatted(ended.id(), ended.reason()))
        .orElse("");
  }

  private static String describeAway(Generation serving) {
    RemoteEngine where = Objects.requireNonNull(serving.elsewhere());
    return "%s, on which the stack serves, does not answer, and is waited for; %s"
        .formatted(where.address(), LostHost.advice(where));
  }

  private Status.Side sideOf(Generation generation) {
    String state;
    try {
      state =
          context
              .engine()
              .container(generation.container())
              .map(ContainerInfo::state)
              .orElse("gone");
    } catch (EngineException e) {
      state = UNKNOWN + e.getMessage();
    }
    return new Status.Side(
        generation.version(),
        generation.number(),
        generation.container(),
        state,
        servingSince(generation),
        generation.elsewhere() == null ? null : generation.elsewhere().address());
  }

  /** When clients were led to a generation the last time, or its creation. */
  private Instant servingSince(Generation generation) {
    return journal.history().stream()
        .map(run -> journal.switched(run.id()))
        .flatMap(Optional::stream)
        .filter(lastRun -> lastRun.generation() == generation.number())
        .map(SwitchRecord::at)
        .findFirst()
        .orElse(generation.created());
  }

  private List<Status.Service> servicesOf(Generation generation) {
    try {
      return context.capsule(generation).services(CAPSULE_TIMEOUT).stream()
          .map(StatusCollector::serviceOf)
          .toList();
    } catch (CapsuleException | EngineException e) {
      String why = String.valueOf(e.getMessage());
      return List.of(new Status.Service("(unknown)", why, "unknown", 0, 0, "", why));
    }
  }

  private static Status.Service serviceOf(InnerService inner) {
    return new Status.Service(
        inner.service(),
        inner.state(),
        inner.health(),
        inner.restarts(),
        inner.heals(),
        inner.recentEnds() < RESTART_LOOP
            ? ""
            : "in a restart loop: it ended with an error %d times in the last 5 min"
                .formatted(inner.recentEnds()),
        ServiceChecks.problem(inner));
  }

  private String describeEngine() {
    try {
      EngineInfo info = context.engine().info();
      return info.version() + " at " + info.address();
    } catch (EngineException e) {
      return e.getMessage() + "";
    }
  }

  /**
   * The versions of the releases folder, each with its state.
   *
   * @param content digest of a version's files as they are now
   */
  public List<VersionStatus> versions(List<String> all, UnaryOperator<String> content) {
    Map<String, QuarantineRecord> quarantined =
        journal.quarantines().stream()
            .collect(Collectors.toMap(QuarantineRecord::version, Function.identity(), (a, b) -> a));
    Optional<String> serving = journal.serving().map(Generation::version);
    List<String> kept =
        journal.generations().stream()
            .filter(row -> row.state() == State.KEPT)
            .map(row -> row.generation().version())
            .toList();
    Map<String, RehearsalRecord> rehearsals =
        journal.rehearsals().stream()
            .collect(Collectors.toMap(RehearsalRecord::version, Function.identity()));
    Map<String, ReversalRecord> reversals =
        journal.reversals().stream()
            .collect(Collectors.toMap(ReversalRecord::version, Function.identity()));
    return all.stream()
        .map(version ->
            statusOf(
                    version,
                    serving,
                    kept,
                    quarantined.get(version),
                    rehearsals.get(version),
                    content)
                .with(reversals.get(version)))
        .toList();
  }

  private static VersionStatus statusOf(
      String version,
      Optional<String> serving,
      List<String> kept,
      @Nullable QuarantineRecord quarantine,
      @Nullable RehearsalRecord rehearsal,
      UnaryOperator<String> content) {
    if (serving.filter(version::equals).isPresent()) {
      return status(version, "serving", "", rehearsal);
    }
    if (quarantine != null) {
      String since =
          quarantine.reason() + " (" + quarantine.since().truncatedTo(ChronoUnit.SECONDS) + ")";
      if (quarantine.content().isEmpty() || quarantine.content().equals(content.apply(version))) {
        return status(version, "quarantined", since, rehearsal);
      }
      return status(version, "available", "changed since it failed: " + since, rehearsal);
    }
    return status(version, kept.contains(version) ? "kept" : "available", "", rehearsal);
  }

  private static VersionStatus status(
      String version, String state, String note, @Nullable RehearsalRecord rehearsal) {
    return new VersionStatus(version, state, note, Releases.sorting(version), rehearsal);
  }
}
