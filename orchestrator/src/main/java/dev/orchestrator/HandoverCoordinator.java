package dev.orchestrator;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.home.HomeOwnership;
import dev.orchestrator.proxy.Handover;
import dev.orchestrator.stack.HandoverPort;
import dev.orchestrator.traffic.ServiceTraffic;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands over to another process: closes the {@link ControlPlane} of this process when the other has
 * the listening sockets, so that the other can open its own, and opens it again when the other ends
 * before it serves. The routes stay open all the time. Thread-safe; nothing here runs on an event
 * loop.
 */
final class HandoverCoordinator implements HandoverPort, Handover.Owner, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HandoverCoordinator.class);

  /** How long the other process may take to connect. */
  private static final Duration CONNECT_DEADLINE = Duration.ofMinutes(1);

  private final SettingsSource source;
  private final HomeOwnership ownership;
  private final Vertx vertx;
  private final ServiceTraffic traffic;
  private final BooleanSupplier predecessorGone;
  private final CountDownLatch drained = new CountDownLatch(1);
  private ControlPlane controlPlane;
  private @Nullable Handover handover;
  private boolean taken;
  private boolean closed;

  /**
   * Opens the control plane.
   *
   * @param predecessorGone whether the process before has ended
   * @param routesOpen is told when the routes are open, before the API opens
   */
  HandoverCoordinator(
      SettingsSource source,
      HomeOwnership ownership,
      Vertx vertx,
      ServiceTraffic traffic,
      BooleanSupplier predecessorGone,
      Consumer<Engine> routesOpen) {
    this.source = source;
    this.ownership = ownership;
    this.vertx = vertx;
    this.traffic = traffic;
    this.predecessorGone = predecessorGone;
    this.controlPlane = ControlPlane.open(source, vertx, traffic, this, routesOpen);
  }

  synchronized ControlPlane controlPlane() {
    return controlPlane;
  }

  /** Waits until another process serves and the last connections of this one have ended. */
  void awaitHandedOver() throws InterruptedException {
    drained.await();
  }

  @Override
  public boolean hasPredecessorLeft() {
    return predecessorGone.getAsBoolean();
  }

  @Override
  public synchronized String offer() {
    if (traffic.hasSystemdSockets()) {
      throw new RefusedException(
          "this service has its sockets from systemd: use 'systemctl restart', which refuses no"
              + " client");
    }
    Path socket = source.current().home().resolve("takeover");
    try {
      Handover offered = traffic.offer(socket, this);
      handover = offered;
      vertx.setTimer(CONNECT_DEADLINE.toMillis(), _ -> onThread(() -> withdraw(offered)));
      return socket.toString();
    } catch (IOException e) {
      throw new RefusedException("can't hand the routes over: " + e.getMessage(), e);
    }
  }

  @Override
  public synchronized boolean isOffered() {
    return handover != null;
  }

  private static void onThread(Runnable action) {
    Thread.ofVirtual().name("handover").start(action);
  }

  private synchronized void withdraw(Handover offered) {
    if (offered == handover && !taken) {
      log.warn("no process came to take over: this one goes on");
      cancel();
    }
  }

  @Override
  public void taken() {
    onThread(this::closeControlPlane);
  }

  private synchronized void closeControlPlane() {
    if (handover == null || closed) {
      return;
    }
    log.info("another process takes over: closing journal, API and schedule");
    taken = true;
    controlPlane.close();
    try {
      ownership.release();
    } catch (IOException e) {
      log.error("can't release the home", e);
    }
  }

  @Override
  public void served() {
    onThread(this::leave);
  }

  private void leave() {
    Duration drain = source.current().takeover().drain();
    log.info("the other process serves: connections here may end within {} s", drain.toSeconds());
    traffic.leave(drain);
    log.info("the last connections have ended");
    drained.countDown();
  }

  @Override
  public void abandoned() {
    onThread(this::resume);
  }

  private synchronized void resume() {
    if (handover == null || closed) {
      return;
    }
    log.warn("the process that took over has ended: this one goes on");
    if (taken) {
      try {
        ownership.take();
        controlPlane = ControlPlane.open(source, vertx, traffic, this, _ -> {});
      } catch (IOException | RuntimeException e) {
        log.error("the routes stay open, but API and schedule are closed: restart the service", e);
      }
    }
    cancel();
  }

  private void cancel() {
    taken = false;
    Handover offered = handover;
    handover = null;
    if (offered != null) {
      offered.close();
    }
    controlPlane.stacks().cancelHandover();
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (handover != null) {
      handover.close();
      handover = null;
    }
    if (!taken) {
      controlPlane.close();
    }
  }
}
