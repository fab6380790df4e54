package dev.orchestrator;

import dev.orchestrator.api.ApiServer;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.settings.ServiceSettings;
import dev.orchestrator.stack.HandoverPort;
import dev.orchestrator.traffic.ServiceTraffic;
import dev.orchestrator.upgrade.RunLimits;
import io.vertx.core.Vertx;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts of the service that only one process of a home can have: the stacks with their
 * journals, and the API. Opening it makes the routes of every stack lead to what serves by its
 * journal; runs that were cut off are then ended in the background.
 */
final class ControlPlane implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ControlPlane.class);

  /**
   * Closed from the first to the last, which is the reverse of the order in which they were opened:
   * the API, so that nothing new is begun; the stacks; only then the engine client, which their
   * runs use to their end.
   */
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  private final StackRegistry stacks;
  private final ApiServer api;

  /**
   * Opens everything; returns when the API answers. Nothing is left open when that fails.
   *
   * @param handover the processes before and after this one
   * @param routesOpen is run when the routes are open, before the API opens
   */
  static ControlPlane open(
      SettingsSource source,
      Vertx vertx,
      ServiceTraffic traffic,
      HandoverPort handover,
      Runnable routesOpen) {
    Deque<AutoCloseable> opened = new ArrayDeque<>();
    try {
      return new ControlPlane(source, vertx, traffic, handover, routesOpen, opened);
    } catch (RuntimeException e) {
      closeAll(opened);
      throw e;
    }
  }

  private ControlPlane(
      SettingsSource source,
      Vertx vertx,
      ServiceTraffic traffic,
      HandoverPort handover,
      Runnable routesOpen,
      Deque<AutoCloseable> opened) {
    ServiceSettings settings = source.current();
    HomeMigration.run(settings.home());
    Engine engine =
        keep(opened, DockerEngine.at(settings.engine().address(), settings.engine().timeout()));
    RunLimits limits = new RunLimits(settings.limits().builds(), settings.limits().copies());
    stacks =
        keep(
            opened,
            StackRegistry.open(
                new ManagedStack.Shared(vertx, engine, handover, limits), traffic, source));
    if (!stacks.isAnyUp()) {
      // A stack that serves must not wait for the engine here: its clients wait in the routes.
      log.info("{}", engine.info());
    }
    routesOpen.run();
    api = keep(opened, ApiServer.start(vertx, stacks, settings.api(), settings.home()));
    parts.addAll(opened);
  }

  private static <T extends AutoCloseable> T keep(Deque<AutoCloseable> opened, T part) {
    opened.push(part);
    return part;
  }

  StackRegistry stacks() {
    return stacks;
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
