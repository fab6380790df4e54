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
import dev.orchestrator.health.RouteChecks;
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
 * The parts of the service that only one process of a home can have: the journal, and with it the
 * stack's control, the API and the schedule. Opening it makes the routes lead to what serves by the
 * journal; a run that was cut off is then ended in the background.
 */
final class ControlPlane implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ControlPlane.class);

  /** First pause between two tries of an undo that failed. */
  private static final Duration UNDO_PAUSE = Duration.ofSeconds(1);

  /**
   * Closed from the first to the last, which is the reverse of the order in which they were opened.
   * The order matters: schedule and API, so that nothing new is begun; the control, which stops a
   * run that is under way and waits for its thread; only then the engine client and the journal,
   * which that run uses to its end.
   */
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  private final StackControl control;
  private final ApiServer api;

  /**
   * Opens everything; returns when the API answers. Nothing is left open when that fails.
   *
   * @param handover the processes before and after this one
   * @param routesOpen is run when the routes are open, before the API opens
   */
  static ControlPlane open(
      Settings settings, Vertx vertx, Traffic traffic, HandoverPort handover, Runnable routesOpen) {
    Deque<AutoCloseable> opened = new ArrayDeque<>();
    try {
      return new ControlPlane(settings, vertx, traffic, handover, routesOpen, opened);
    } catch (RuntimeException e) {
      closeAll(opened);
      throw e;
    }
  }

  private ControlPlane(
      Settings settings,
      Vertx vertx,
      Traffic traffic,
      HandoverPort handover,
      Runnable routesOpen,
      Deque<AutoCloseable> opened) {
    InstantSource clock = InstantSource.system();
    Journal journal = keep(opened, Journal.open(settings.home().resolve("journal.db"), clock));
    journal.claim(settings.stack().name());
    Engine engine =
        keep(opened, DockerEngine.at(settings.engine().address(), settings.engine().timeout()));
    if (journal.serving().isEmpty()) {
      // A stack that serves must not wait for the engine here: its clients wait in the routes.
      log.info("{}", engine.info());
    }
    ResourceNames names = new ResourceNames(settings);
    ImageBuilder builder =
        new ImageBuilder(engine, settings, names.stackLabels(), SteadyClock.get());
    Releases releases = new Releases(settings.stack());
    UpgradeContext upgradeContext =
        new UpgradeContext(
            settings,
            journal,
            engine,
            builder,
            UpgradeContext.SpecFactory.managed(
                new CapsuleSpecFactory(settings.image(), builder::grants)),
            container -> new ContainerCapsule(engine, container, SteadyClock.get()),
            new RsyncCopier(engine, () -> builder.base(line -> {})),
            new HealthChecker(vertx, new RouteChecks(settings.stack().routes()), SteadyClock.get()),
            traffic,
            clock,
            UNDO_PAUSE);
    upgradeContext.resolveServingRoutes();
    Schedule schedule = Schedule.of(settings.schedule());
    Supplier<@Nullable Instant> nextRun = () -> schedule.nextRun(clock.instant()).orElse(null);
    control =
        keep(
            opened,
            new StackControl(
                upgradeContext, releases, nextRun, run -> Thread.ofVirtual().start(run), handover));
    control.boot();
    routesOpen.run();
    api = keep(opened, ApiServer.start(vertx, control, settings.api(), settings.home()));
    keep(opened, ScheduleRunner.start(control, schedule, clock));
    parts.addAll(opened);
  }

  private static <T extends AutoCloseable> T keep(Deque<AutoCloseable> opened, T part) {
    opened.push(part);
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
    closeAll(parts);
  }

  private static void closeAll(Deque<AutoCloseable> parts) {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception e) {
        log.warn("a part of the service did not close", e);
      }
    }
  }
}
