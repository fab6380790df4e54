package dev.orchestrator;

import dev.orchestrator.api.ApiServer;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.DockerRemoteEngines;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.settings.ServiceSettings;
import dev.orchestrator.stack.HandoverPort;
import dev.orchestrator.traffic.ServiceTraffic;
import dev.orchestrator.upgrade.RunLimits;
import io.vertx.core.Vertx;
import java.util.function.Consumer;
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
   * Closed in this order: the API, so that nothing new is begun; the stacks; only then the engine
   * client, which their runs use to their end.
   */
  private final ClosingOrder parts;

  private final StackRegistry stacks;
  private final ApiServer api;

  /**
   * Opens everything; returns when the API answers. Nothing is left open when that fails.
   *
   * @param handover the processes before and after this one
   * @param routesOpen is told when the routes are open, before the API opens
   */
  static ControlPlane open(
      SettingsSource source,
      Vertx vertx,
      ServiceTraffic traffic,
      HandoverPort handover,
      Consumer<Engine> routesOpen) {
    ClosingOrder opened = new ClosingOrder();
    try {
      return new ControlPlane(source, vertx, traffic, handover, routesOpen, opened);
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private ControlPlane(
      SettingsSource source,
      Vertx vertx,
      ServiceTraffic traffic,
      HandoverPort handover,
      Consumer<Engine> routesOpen,
      ClosingOrder parts) {
    this.parts = parts;
    ServiceSettings settings = source.current();
    HomeMigration.run(settings.home());
    Engine engine =
        parts.add(DockerEngine.at(settings.engine().address(), settings.engine().timeout()));
    DockerRemoteEngines others =
        parts.add(new DockerRemoteEngines(settings.home(), settings.engine().timeout()));
    RunLimits limits = new RunLimits(settings.limits().builds(), settings.limits().copies());
    stacks =
        parts.add(
            StackRegistry.open(
                new ManagedStack.Shared(vertx, engine, handover, limits, others), traffic, source));
    if (!stacks.isAnyUp()) {
      // A stack that serves must not wait for the engine here: its clients wait in the routes.
      log.info("{}", engine.info());
    }
    routesOpen.accept(engine);
    api = parts.add(ApiServer.start(vertx, stacks, settings.api(), settings.home()));
  }

  StackRegistry stacks() {
    return stacks;
  }

  String address() {
    return api.address();
  }

  @Override
  public void close() {
    parts.close();
  }
}
