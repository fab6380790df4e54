package dev.orchestrator;

import dev.orchestrator.client.RunningService;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.home.HomeOwnership;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.proxy.Takeover;
import dev.orchestrator.proxy.config.ProxyException;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.stack.Control;
import dev.orchestrator.traffic.ProxyTraffic;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running service: the routes, and the {@link ControlPlane}, which decides where they lead. The
 * routes are opened first and closed last.
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

  private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
  private final ProxyTraffic traffic;
  private final HandoverCoordinator handover;
  private final @Nullable Takeover takeover;

  /** Starts the service on a home that this process owns; returns when the API answers. */
  public static Service start(Settings settings) {
    return start(settings, HomeOwnership.ALONE);
  }

  /**
   * Starts the service; returns when the API answers.
   *
   * @throws RefusedException with one clear line; nothing is left open
   */
  public static Service start(Settings settings, HomeOwnership ownership) {
    try {
      return new Service(settings, ownership);
    } catch (EngineException | JournalException | ProxyException | IOException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  private Service(Settings settings, HomeOwnership ownership) throws IOException {
    Takeover taken = null;
    ProxyTraffic routes = null;
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
      routes = new ProxyTraffic(vertx, settings.stack().routes(), inherited);
      traffic = routes;
      takeover = taken;
      ProxyTraffic opened = routes;
      int inheritedSockets = taken == null ? 0 : taken.inheritedCount();
      handover =
          new HandoverCoordinator(
              settings,
              ownership,
              vertx,
              routes,
              this::predecessorGone,
              () -> {
                awaitServing(opened, inheritedSockets);
                opened.stopListeningUnlessOpen();
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

  /** Before the other process is told to leave, the routes of this one must lead somewhere. */
  private static void awaitServing(ProxyTraffic routes, int inherited) {
    long end = System.nanoTime() + SERVING_DEADLINE.toNanos();
    while (inherited > 0 && !routes.isServing()) {
      if (System.nanoTime() > end) {
        throw new RefusedException(
            "the version that serves could not be reached within %d s: the process before goes on; the log says more"
                .formatted(SERVING_DEADLINE.toSeconds()));
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private boolean predecessorGone() {
    return takeover == null || takeover.isGone();
  }

  /** The control that API and schedule call; for tests. */
  public Control control() {
    return handover.controlPlane().control();
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
