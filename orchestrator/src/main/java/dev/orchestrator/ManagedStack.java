package dev.orchestrator;

import dev.orchestrator.backup.ContainerResticRunner;
import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.capsule.runtime.CapsuleSpecFactory;
import dev.orchestrator.capsule.runtime.ContainerCapsule;
import dev.orchestrator.common.HostName;
import dev.orchestrator.common.SteadyClock;
import dev.orchestrator.data.RsyncCopier;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.RemoteEngines;
import dev.orchestrator.health.HealthChecker;
import dev.orchestrator.health.RouteChecks;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.release.Releases;
import dev.orchestrator.schedule.Schedule;
import dev.orchestrator.schedule.ScheduleRunner;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.SnapshotSettings;
import dev.orchestrator.stack.BackupEnvironment;
import dev.orchestrator.stack.HandoverPort;
import dev.orchestrator.stack.StackControl;
import dev.orchestrator.traffic.Traffic;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.RunLimits;
import dev.orchestrator.upgrade.StackEngine;
import dev.orchestrator.upgrade.UpgradeContext;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A stack that this process runs: its journal, and with it its control and schedule. Opening it
 * makes the routes lead to what serves by the journal; a run that was cut off is then ended in the
 * background.
 */
final class ManagedStack implements AutoCloseable {
  /** When snapshots are looked for that have become too old. */
  private static final String EACH_HOUR = "17 * * * *";

  /**
   * What all stacks of a service share.
   *
   * @param handover the processes before and after this one
   * @param limits how much they may do at the same time
   * @param others the engines of other hosts
   */
  record Shared(
      Vertx vertx, Engine engine, HandoverPort handover, RunLimits limits, RemoteEngines others) {}

  /** First pause between two tries of an undo that failed. */
  private static final Duration UNDO_PAUSE = Duration.ofSeconds(1);

  private final Settings settings;
  private final Traffic traffic;

  /**
   * Closed in this order: the schedule, so that nothing new is begun; the control, which stops a
   * run that is under way and waits for its thread; only then the journal, which that run uses to
   * its end.
   */
  private final ClosingOrder parts;

  private final Journal journal;
  private final StackControl control;

  /**
   * Opens the stack; returns when its routes are open, after a second at most. Nothing is left open
   * when that fails.
   *
   * @throws JournalException when the journal can't be read
   */
  static ManagedStack open(Shared shared, Settings settings, Traffic traffic) {
    ClosingOrder opened = new ClosingOrder();
    try {
      return new ManagedStack(shared, settings, traffic, opened);
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private ManagedStack(Shared shared, Settings settings, Traffic traffic, ClosingOrder parts) {
    this.parts = parts;
    this.settings = settings;
    this.traffic = traffic;
    InstantSource clock = InstantSource.system();
    journal = parts.add(Journal.open(settings.journal(), clock));
    journal.claim(settings.stack().name());
    Engine engine = shared.engine();
    ResourceNames names = new ResourceNames(settings);
    ImageBuilder builder =
        new ImageBuilder(
            engine, settings, names.stackLabels(), SteadyClock.get(), this::imagesOfSnapshots);
    Releases releases = new Releases(settings.stack());
    StackEngine engines = new StackEngine(engine, journal, shared.others());
    UpgradeContext upgradeContext =
        new UpgradeContext(
            settings,
            journal,
            engines,
            builder,
            UpgradeContext.SpecFactory.managed(
                new CapsuleSpecFactory(settings.image(), builder::grants)),
            container -> new ContainerCapsule(engines, container, SteadyClock.get()),
            new RsyncCopier(engines::of, () -> builder.base(line -> {})),
            new HealthChecker(
                shared.vertx(), new RouteChecks(settings.stack().routes()), SteadyClock.get()),
            traffic,
            clock,
            UNDO_PAUSE,
            shared.limits(),
            shared.others());
    upgradeContext.resolveServingRoutes();
    Schedule schedule = Schedule.of(settings.schedule());
    Schedule backups = schedule(settings.stack().backup().schedule());
    Supplier<@Nullable Instant> nextRun = () -> schedule.nextRun(clock.instant()).orElse(null);
    control =
        parts.add(
            new StackControl(
                upgradeContext,
                releases,
                nextRun,
                run -> Thread.ofVirtual().start(run),
                shared.handover(),
                new BackupEnvironment(
                    new ContainerResticRunner(
                        settings.stack().backup(),
                        engine,
                        () -> builder.base(line -> {}),
                        names.helperLabels("backup", ResourceNames.BACKUP),
                        names.backupCache()),
                    HostName.get(),
                    now -> backups.nextRun(now).orElse(null))));
    control.boot();
    SnapshotSettings snapshots = settings.stack().snapshots();
    parts.add(
        ScheduleRunner.start(
            control,
            new ScheduleRunner.Times(
                schedule,
                schedule(snapshots.schedule()),
                schedule(snapshots.prove()),
                schedule(snapshots.hasAges() ? EACH_HOUR : null),
                backups,
                schedule(settings.stack().backup().prove())),
            clock));
  }

  private Schedule schedule(@Nullable String cron) {
    return Schedule.of(cron == null || cron.isEmpty() ? null : cron, settings.schedule().zone());
  }

  private Set<String> imagesOfSnapshots() {
    Set<Integer> numbers =
        journal.snapshots().stream().map(SnapshotRecord::generation).collect(Collectors.toSet());
    return journal.generations().stream()
        .map(GenerationRecord::generation)
        .filter(generation -> numbers.contains(generation.number()))
        .map(Generation::image)
        .collect(Collectors.toSet());
  }

  Settings settings() {
    return settings;
  }

  Traffic traffic() {
    return traffic;
  }

  StackControl control() {
    return control;
  }

  /** Whether clients are served, or are to be. */
  boolean isUp() {
    return journal.serving().isPresent() && !journal.down();
  }

  /** Stops supervising the stack; its routes and containers stay as they are. */
  @Override
  public void close() {
    parts.close();
  }
}
