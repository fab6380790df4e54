package dev.orchestrator.demo;

import dev.orchestrator.Service;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.settings.HomeFolder;
import dev.orchestrator.settings.RehearseSettings;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.SettingsLoader;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.stack.Control;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.RunWatcher;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.RunEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The service with the demo stack of {@code config/}, on ports of its own, in a home of its own.
 */
final class DemoStackFixture implements AutoCloseable {
  private final Map<String, Integer> ports = new HashMap<>();
  private final Settings settings;
  private Service service;

  DemoStackFixture(Path home) throws IOException {
    Path config = Path.of("../config/orchestrator.conf").toAbsolutePath().normalize();
    Settings file =
        SettingsLoader.load(config, Map.of(HomeFolder.VARIABLE, home.toString()), "demo");
    List<RouteSettings> routes = new ArrayList<>();
    for (RouteSettings route : file.stack().routes()) {
      int port = FreePorts.next();
      ports.put(route.name(), port);
      routes.add(
          new RouteSettings(
              route.name(),
              new ListenAddress("127.0.0.1", port),
              route.service(),
              route.servicePort(),
              route.options()));
    }
    StackSettings stack = file.stack();
    settings =
        new Settings(
            file.file(),
            file.home(),
            file.engine(),
            new Settings.ApiSettings("127.0.0.1", 0),
            file.image(),
            file.schedule(),
            file.takeover(),
            new StackSettings(
                stack.name(),
                stack.folder(),
                routes,
                stack.probes(),
                stack.upgrade().withRehearse(RehearseSettings.OFF),
                stack.data()));
    service = Service.start(settings);
  }

  int port(String route) {
    return ports.getOrDefault(route, 0);
  }

  /** The labels of everything that belongs to this stack and home on the engine. */
  Map<String, String> labels() {
    return new ResourceNames(settings).stackLabels();
  }

  Control control() {
    return service.control();
  }

  /** The service stops and starts again, as for an update of itself; the capsules run on. */
  void restart() {
    service.close();
    service = Service.start(settings);
  }

  /** Waits for the end of a run, telling each event; returns its receipt. */
  Receipt await(String run, Consumer<RunEvent> listener) throws InterruptedException {
    return RunWatcher.await(control(), run, listener);
  }

  @Override
  public void close() {
    try (Service closing = service) {
      closing.control().down(Control.Removal.VOLUMES);
    }
  }
}
