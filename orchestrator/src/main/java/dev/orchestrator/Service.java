package dev.orchestrator;

import dev.orchestrator.client.RunningService;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.home.HomeOwnership;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.netfilter.HostPacketFilter;
import dev.orchestrator.proxy.Takeover;
import dev.orchestrator.proxy.config.ProxyException;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.ReloadReport;
import dev.orchestrator.stack.Stacks;
import dev.orchestrator.traffic.ServiceTraffic;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running service: the routes of all stacks, and the {@link ControlPlane}, which decides where
 * they lead. The routes are opened first and closed last.
 *
 * <p>Taking over from a service that runs goes in an order in which one of the two processes has
 * the routes open at every moment: this process gets the listening sockets; the other releases home
 * and journal, and serves on; this process opens its routes on those sockets; the other lets its
 * connections end.
 */
public final class Service implements RunningService {
  private static final Logger log = LoggerFactory.getLogger(Service.class);
  private static final Duration SOCKETS_DEADLINE = Duration.ofSeconds(20);
  private static final Duration SERVING_DEADLINE = Duration.ofSeconds(20);
  private static final Duration PAUSE = Duration.ofMillis(10);

  private final Vertx vertx =
      Vertx.vertx(
          new VertxOptions()
              .setPreferNativeTransport(true)
              .setBlockedThreadCheckInterval(10)
              .setBlockedThreadCheckIntervalUnit(TimeUnit.SECONDS));
  private final ServiceTraffic traffic;
  private final HandoverCoordinator handover;
  private final @Nullable Takeover takeover;

  /**
   * Starts the service with one stack, on a home that this process owns; returns when the API
   * answers.
   */
  public static Service start(Settings settings) {
    return start(SettingsSource.of(settings), HomeOwnership.ALONE);
  }

  /**
   * Starts the service with one stack; returns when the API answers.
   *
   * @throws RefusedException with one clear line; nothing is left open
   */
  public static Service start(Settings settings, HomeOwnership ownership) {
    return start(SettingsSource.of(settings), ownership);
  }

  /**
   * Starts the service with the stacks that its configuration names; returns when the API answers.
   *
   * @param environment for the configuration
   * @throws RefusedException with one clear line; nothing is left open
   */
  public static Service start(
      Path config, Map<String, String> environment, HomeOwnership ownership) {
    return start(SettingsSource.of(config, environment), ownership);
  }

  private static Service start(SettingsSource source, HomeOwnership ownership) {
    try {
      return new Service(source, ownership);
    } catch (EngineException | JournalException | ProxyException | IOException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  private Service(SettingsSource source, HomeOwnership ownership) throws IOException {
    Takeover taken = null;
    ServiceTraffic routes = null;
    boolean started = false;
    try {
      Optional<Path> predecessor = ownership.askPredecessor();
      InheritedSockets inherited = InheritedSockets.fromEnvironment(System.getenv());
      if (predecessor.isPresent()) {
        taken = Takeover.receive(vertx, predecessor.get(), SOCKETS_DEADLINE);
        inherited = taken.inherited();
        taken.taken();
        ownership.take();
      }
      routes =
          new ServiceTraffic(
              vertx, inherited, new HostPacketFilter(), Labels.home(source.current().home()));
      traffic = routes;
      takeover = taken;
      ServiceTraffic opened = routes;
      int inheritedSockets = taken == null ? 0 : taken.inheritedCount();
      handover =
          new HandoverCoordinator(
              source,
              ownership,
              vertx,
              routes,
              this::predecessorGone,
              engine -> {
                awaitServing(opened, inheritedSockets, engine);
                opened.settle();
              });
      if (taken != null) {
        taken.serving();
        log.info("took the routes over from the process before");
      }
      started = true;
    } finally {
      if (!started) {
        if (routes != null) {
          routes.close();
        }
        vertx.close().await();
      }
    }
  }

  /**
   * Before the other process is told to leave, the routes of this one must lead somewhere. A stack
   * whose version can't be reached although the engine answers is served by neither process, and
   * keeps the others from nothing.
   */
  private static void awaitServing(ServiceTraffic routes, int inherited, Engine engine) {
    if (inherited == 0) {
      return;
    }
    long end = System.nanoTime() + SERVING_DEADLINE.toNanos();
    List<String> waiting = routes.waitingStacks();
    while (!waiting.isEmpty()) {
      if (System.nanoTime() > end) {
        requireEngine(engine, waiting);
        log.warn(
            "stack {}: the version that serves could not be reached within {} s: its clients wait"
                + " until it is there",
            String.join(", ", waiting),
            SERVING_DEADLINE.toSeconds());
        return;
      }
      LockSupport.parkNanos(PAUSE.toNanos());
      waiting = routes.waitingStacks();
    }
  }

  private static void requireEngine(Engine engine, List<String> waiting) {
    try {
      EngineInfo _ = engine.info();
    } catch (EngineException e) {
      throw new RefusedException(
          "stack %s: the version that serves could not be reached within %d s, as the engine does not answer (%s): the process before goes on"
              .formatted(String.join(", ", waiting), SERVING_DEADLINE.toSeconds(), e.getMessage()),
          e);
    }
  }

  private boolean predecessorGone() {
    return takeover == null || takeover.isGone();
  }

  /** The control of the only stack, which API and schedule call; for tests. */
  public Control control() {
    return stacks().only();
  }

  /** The stacks, as the API has them; for tests. */
  public Stacks stacks() {
    return handover.controlPlane().stacks();
  }

  @Override
  public void reload() {
    try {
      ReloadReport report = stacks().reload();
      log.info("reload: {}", report.complete() ? "done" : "not everything could be taken over");
    } catch (RefusedException e) {
      log.error("reload: refused: {}", e.getMessage());
    }
  }

  @Override
  public String address() {
    return handover.controlPlane().address();
  }

  @Override
  public void awaitHandover() throws InterruptedException {
    handover.awaitHandedOver();
  }

  /** Stops the service; the containers run on. */
  @Override
  public void close() {
    handover.close();
    traffic.close();
    vertx.close().await();
  }
}
