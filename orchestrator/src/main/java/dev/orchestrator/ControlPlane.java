package dev.orchestrator;

import dev.orchestrator.api.ApiServer;
import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.capsule.runtime.CapsuleSpecFactory;
import dev.orchestrator.capsule.runtime.ContainerCapsule;
import dev.orchestrator.common.SteadyClock;
import dev.orchestrator.data.RsyncCopier;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.health.HealthChecker;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.release.Releases;
import dev.orchestrator.schedule.Schedule;
import dev.orchestrator.schedule.ScheduleRunner;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.stack.HandoverPort;
import dev.orchestrator.stack.StackControl;
import dev.orchestrator.traffic.Traffic;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.UpgradeContext;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What only one process of a home can have: the journal, and with it control, API and schedule.
 * Opening it puts the routes on what the journal says serves; a run that was cut off is ended next,
 * in the background.
 */
final class ControlPlane implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ControlPlane.class);
  private static final Duration UNDO_PAUSE = Duration.ofSeconds(1);

  /** Closed in reverse: what was opened last goes first. */
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  private final StackControl control;
  private final ApiServer api;

  /**
   * Returns when the API answers; nothing is left open when that fails.
   *
   * @param booted is run when the routes are open, before the API is
   */
  static ControlPlane open(
      Settings settings, Vertx vertx, Traffic traffic, HandoverPort succession, Runnable booted) {
    Deque<AutoCloseable> opened = new ArrayDeque<>();
    try {
      return new ControlPlane(settings, vertx, traffic, succession, booted, opened);
    } catch (RuntimeException e) {
      closeAll(opened);
      throw e;
    }
  }

  private ControlPlane(
      Settings settings,
      Vertx vertx,
      Traffic traffic,
      HandoverPort succession,
      Runnable booted,
      Deque<AutoCloseable> opened) {
    InstantSource clock = InstantSource.system();
    Journal journal = keep(opened, Journal.open(settings.home().resolve("journal.db"), clock));
    journal.claim(settings.stack().name());
    Engine engine =
        keep(opened, DockerEngine.at(settings.engine().address(), settings.engine().timeout()));
    if (journal.serving().isEmpty()) {
      // With a stack that serves its clients wait in the routes until the engine is there again.
      log.info("{}", engine.info());
    }
    ResourceNames names = new ResourceNames(settings);
    ImageBuilder builder = new ImageBuilder(engine, settings, names.ours(), SteadyClock.get());
    Releases releases = new Releases(settings.stack());
    UpgradeContext parts =
        new UpgradeContext(
            settings,
            journal,
            engine,
            builder,
            UpgradeContext.SpecFactory.managed(new CapsuleSpecFactory(settings.image())),
            container -> new ContainerCapsule(engine, container, SteadyClock.get()),
            new RsyncCopier(engine, () -> builder.base(line -> {})),
            new HealthChecker(vertx, SteadyClock.get()),
            traffic,
            clock,
            UNDO_PAUSE);
    Schedule schedule = Schedule.of(settings.schedule());
    Supplier<@Nullable Instant> nextRun = () -> schedule.nextRun(clock.instant()).orElse(null);
    control =
        keep(
            opened,
            new StackControl(
                parts, releases, nextRun, run -> Thread.ofVirtual().start(run), succession));
    control.boot();
    booted.run();
    api = keep(opened, ApiServer.start(vertx, control, settings.api(), settings.home()));
    keep(opened, ScheduleRunner.start(control, schedule, clock));
    open.addAll(opened);
  }

  private static <T extends AutoCloseable> T keep(Deque<AutoCloseable> open, T part) {
    open.push(part);
    return part;
  }

  StackControl control() {
    return control;
  }

  String address() {
    return api.address();
  }

  @Override
  public void close() {
    closeAll(open);
  }

  private static void closeAll(Deque<AutoCloseable> open) {
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        log.warn("closing: {}", e.toString());
      }
    }
  }
}
