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
 * The running service: the routes, which outlive what decides where they lead, and the {@link
 * ControlPlane} that does. Taking over from a process that serves goes in an order in which at
 * every moment one of them has the routes open: its listening sockets come first, then it gives up
 * home and journal and serves on; this process opens its own routes on those sockets; then the
 * other one leaves.
 */
public final class Service implements RunningService {
  private static final Logger log = LoggerFactory.getLogger(Service.class);
  private static final Duration SOCKETS_COME = Duration.ofSeconds(20);
  private static final Duration SERVES = Duration.ofSeconds(20);
  private static final Duration PAUSE = Duration.ofMillis(10);

  private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
  private final ProxyTraffic traffic;
  private final HandoverCoordinator successor;
  private final @Nullable Takeover takeover;

  /** Starts it on a home that is this process's own already; returns when the API answers. */
  public static Service start(Settings settings) {
    return start(settings, HomeOwnership.ALONE);
  }

  /**
   * Starts it; returns when the API answers.
   *
   * @throws RefusedException with one clear line; nothing is left open
   */
  public static Service start(Settings settings, HomeOwnership tenancy) {
    try {
      return new Service(settings, tenancy);
    } catch (EngineException | JournalException | ProxyException | IOException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  private Service(Settings settings, HomeOwnership tenancy) throws IOException {
    Takeover taken = null;
    ProxyTraffic routes = null;
    boolean started = false;
    try {
      Optional<Path> predecessor = tenancy.askPredecessor();
      InheritedSockets inherited = InheritedSockets.fromEnvironment(System.getenv());
      if (predecessor.isPresent()) {
        taken = Takeover.receive(vertx, predecessor.get(), SOCKETS_COME);
        inherited = taken.inherited();
        taken.taken();
        tenancy.take();
      }
      routes = new ProxyTraffic(vertx, settings.stack().routes(), inherited);
      traffic = routes;
      takeover = taken;
      ProxyTraffic opened = routes;
      int inheritedSockets = taken == null ? 0 : taken.inheritedCount();
      successor =
          new HandoverCoordinator(
              settings,
              tenancy,
              vertx,
              routes,
              this::predecessorLeft,
              () -> {
                awaitServing(opened, inheritedSockets);
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

  /** Before the process that serves is told to leave, this one must be able to. */
  private static void awaitServing(ProxyTraffic routes, int inherited) {
    long end = System.nanoTime() + SERVES.toNanos();
    while (inherited > 0 && !routes.isServing()) {
      if (System.nanoTime() > end) {
        throw new RefusedException(
            "what serves could not be reached within %d s: the process before goes on; the log says more"
                .formatted(SERVES.toSeconds()));
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private boolean predecessorLeft() {
    return takeover == null || takeover.isGone();
  }

  /** What the API and the schedule ask; for tests of the whole. */
  public Control control() {
    return successor.desk().control();
  }

  @Override
  public String address() {
    return successor.desk().address();
  }

  @Override
  public void awaitSuccession() throws InterruptedException {
    successor.awaitLeft();
  }

  /** Stops the service; what runs on the engine runs on. */
  @Override
  public void close() {
    successor.close();
    traffic.close();
    vertx.close().await();
  }
}
