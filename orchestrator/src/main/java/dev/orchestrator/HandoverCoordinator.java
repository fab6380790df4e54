package dev.orchestrator;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.home.HomeOwnership;
import dev.orchestrator.proxy.Handover;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.stack.HandoverPort;
import dev.orchestrator.traffic.ProxyTraffic;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The desk of this process, until another takes over: it is closed when the other has our listening
 * sockets, so that the other can open its own, and opened again should that die before it serves.
 * The routes are open all the time. Thread-safe; nothing runs on an event loop.
 */
final class HandoverCoordinator implements HandoverPort, Handover.Owner, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HandoverCoordinator.class);

  /** How long another process may take to come. */
  private static final Duration COMES = Duration.ofMinutes(1);

  private final Settings settings;
  private final HomeOwnership tenancy;
  private final Vertx vertx;
  private final ProxyTraffic traffic;
  private final BooleanSupplier predecessorLeft;
  private final CountDownLatch left = new CountDownLatch(1);
  private ControlPlane desk;
  private @Nullable Handover handover;
  private boolean taken;
  private boolean closed;

  /**
   * Opens the desk.
   *
   * @param booted is run when the routes are open, before anybody is told that this process serves
   */
  HandoverCoordinator(
      Settings settings,
      HomeOwnership tenancy,
      Vertx vertx,
      ProxyTraffic traffic,
      BooleanSupplier predecessorLeft,
      Runnable booted) {
    this.settings = settings;
    this.tenancy = tenancy;
    this.vertx = vertx;
    this.traffic = traffic;
    this.predecessorLeft = predecessorLeft;
    this.desk = ControlPlane.open(settings, vertx, traffic, this, booted);
  }

  synchronized ControlPlane desk() {
    return desk;
  }

  void awaitLeft() throws InterruptedException {
    left.await();
  }

  @Override
  public boolean predecessorLeft() {
    return predecessorLeft.getAsBoolean();
  }

  @Override
  public synchronized String offer() {
    if (traffic.listensForSystem()) {
      throw new RefusedException(
          "this service has its sockets from systemd: 'systemctl restart' it, which refuses"
              + " nobody");
    }
    Path socket = settings.home().resolve("takeover");
    try {
      Handover offered = traffic.offer(socket, this);
      handover = offered;
      vertx.setTimer(COMES.toMillis(), _ -> later(() -> withdraw(offered)));
      return socket.toString();
    } catch (IOException e) {
      throw new RefusedException("can't offer the routes: " + e.getMessage(), e);
    }
  }

  private static void later(Runnable action) {
    Thread.ofVirtual().name("succession").start(action);
  }

  private synchronized void withdraw(Handover offered) {
    if (offered == handover && !taken) {
      log.warn("nobody came to take over: going on");
      stay();
    }
  }

  @Override
  public void taken() {
    later(this::closeDesk);
  }

  private synchronized void closeDesk() {
    if (handover == null || closed) {
      return;
    }
    log.info("another process takes over: closing journal, API and schedule");
    taken = true;
    desk.close();
    try {
      tenancy.release();
    } catch (IOException e) {
      log.error("can't give up the home", e);
    }
  }

  @Override
  public void served() {
    later(this::leave);
  }

  private void leave() {
    Duration drain = settings.takeover().drain();
    log.info("the other process serves: letting connections end, for {} s", drain.toSeconds());
    traffic.leave(drain);
    log.info("left");
    left.countDown();
  }

  @Override
  public void abandoned() {
    later(this::goOn);
  }

  private synchronized void goOn() {
    if (handover == null || closed) {
      return;
    }
    log.warn("the process that took over has gone: going on");
    if (taken) {
      try {
        tenancy.take();
        desk = ControlPlane.open(settings, vertx, traffic, this, () -> {});
      } catch (IOException | RuntimeException e) {
        log.error("the routes stay open, but nothing else: restart the service", e);
      }
    }
    stay();
  }

  private void stay() {
    taken = false;
    Handover offered = handover;
    handover = null;
    if (offered != null) {
      offered.close();
    }
    desk.control().stay();
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (handover != null) {
      handover.close();
      handover = null;
    }
    if (!taken) {
      desk.close();
    }
  }
}
