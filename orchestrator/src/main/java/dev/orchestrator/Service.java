package dev.orchestrator;

import dev.orchestrator.api.ApiServer;
import dev.orchestrator.capsule.CapsuleSpecs;
import dev.orchestrator.capsule.ContainerCapsule;
import dev.orchestrator.capsule.ImageBuilder;
import dev.orchestrator.capsule.Releases;
import dev.orchestrator.cli.RunningService;
import dev.orchestrator.data.RsyncCopier;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.health.HealthChecker;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.schedule.Schedule;
import dev.orchestrator.schedule.ScheduleRunner;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.upgrade.Control;
import dev.orchestrator.upgrade.Names;
import dev.orchestrator.upgrade.Parts;
import dev.orchestrator.upgrade.ProxyTraffic;
import dev.orchestrator.upgrade.StackControl;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running service: the one place that wires the parts together. Routes open first, on what the
 * journal says serves; a run that was cut off is ended next, in the background.
 */
public final class Service implements RunningService {
  private static final Logger log = LoggerFactory.getLogger(Service.class);

  /** Closed in reverse: what was opened last goes first. */
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  private final StackControl control;
  private final ApiServer api;

  /**
   * Starts it; returns when the API answers.
   *
   * @throws Refusal with one clear line; nothing is left open
   */
  public static Service start(Settings settings) {
    Deque<AutoCloseable> open = new ArrayDeque<>();
    try {
      return new Service(settings, open);
    } catch (EngineException | JournalException e) {
      closeAll(open);
      throw new Refusal(String.valueOf(e.getMessage()), e);
    } catch (RuntimeException e) {
      closeAll(open);
      throw e;
    }
  }

  private Service(Settings settings, Deque<AutoCloseable> opened) {
    InstantSource clock = InstantSource.system();
    Engine engine =
        keep(
            opened, DockerEngine.connect(settings.engine().address(), settings.engine().timeout()));
    log.info("{}", engine.info());
    Journal journal = keep(opened, Journal.open(settings.home().resolve("journal.db"), clock));
    journal.claim(settings.stack().name());
    Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    opened.push(() -> vertx.close().await());
    Names names = new Names(settings);
    ImageBuilder builder = new ImageBuilder(engine, settings, names.ours(), clock);
    CapsuleSpecs specs = new CapsuleSpecs(settings.image());
    Releases releases = new Releases(settings.stack());
    Parts parts =
        new Parts(
            settings,
            journal,
            engine,
            builder,
            (generation, labels) ->
                specs.managed(
                    generation.container(),
                    generation.image(),
                    generation.number(),
                    generation.dataVolume(),
                    generation.storeVolume(),
                    labels),
            container -> new ContainerCapsule(engine, container, clock),
            new RsyncCopier(engine, () -> builder.base(line -> {})),
            new HealthChecker(vertx, clock),
            new ProxyTraffic(vertx, settings.stack().routes()),
            clock);
    Schedule schedule = Schedule.of(settings.schedule());
    Supplier<@Nullable Instant> nextRun = () -> schedule.nextRun(clock.instant()).orElse(null);
    control =
        keep(
            opened,
            new StackControl(parts, releases, nextRun, run -> Thread.ofVirtual().start(run)));
    control.boot();
    api = keep(opened, ApiServer.start(vertx, control, settings.api(), settings.home()));
    keep(opened, ScheduleRunner.start(control, schedule, clock));
    open.addAll(opened);
  }

  private static <T extends AutoCloseable> T keep(Deque<AutoCloseable> open, T part) {
    open.push(part);
    return part;
  }

  /** What the API and the schedule ask; for tests of the whole. */
  public Control control() {
    return control;
  }

  @Override
  public String address() {
    return api.address();
  }

  /** Stops the service; what runs on the engine runs on. */
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
