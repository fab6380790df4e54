package dev.orchestrator.testing;

import dev.orchestrator.Service;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.stack.Control;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.RunEvent;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** The whole service with the light stack on a real engine; closing it removes the stack. */
public final class LightServiceFixture implements AutoCloseable {
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(60);

  private final HttpClient http = HttpClient.newHttpClient();
  private final Settings settings;
  private final Engine engine;
  private final URI address;
  private Service service;

  public LightServiceFixture(Path directory) {
    this(LightStackFixture.in(directory), settings -> settings);
  }

  /**
   * Starts the service with settings of its own.
   *
   * @param change changes {@link LightStackFixture#settings}
   */
  public LightServiceFixture(LightStackFixture stack, UnaryOperator<Settings> change) {
    int port = FreePorts.next();
    settings = change.apply(stack.settings(port));
    engine = DockerEngine.connect(settings.engine().address(), REQUEST_TIMEOUT);
    address = URI.create("http://127.0.0.1:" + port);
    service = Service.start(settings);
  }

  public Settings settings() {
    return settings;
  }

  /** Address of the public route. */
  public URI address() {
    return address;
  }

  public Control control() {
    return service.control();
  }

  public Engine engine() {
    return engine;
  }

  /** Stops and starts the service; containers keep running. */
  public void restart() {
    service.close();
    service = Service.start(settings);
  }

  /** Waits for the end of a run; returns its receipt. */
  public Receipt await(String run) throws InterruptedException {
    return await(run, event -> {});
  }

  public Receipt await(String run, Consumer<RunEvent> listener) throws InterruptedException {
    return RunWatcher.await(control(), run, listener);
  }

  /** GET through the public route. */
  public String get(String path) throws IOException, InterruptedException {
    return http.send(
            HttpRequest.newBuilder(address.resolve(path)).timeout(REQUEST_TIMEOUT).build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  /** Appends a line to the ledger through the public route; returns its answer. */
  public String post(String line) throws IOException, InterruptedException {
    return http.send(
            HttpRequest.newBuilder(address.resolve("/lines"))
                .timeout(REQUEST_TIMEOUT)
                .POST(HttpRequest.BodyPublishers.ofString(line))
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  /** Name of a generation's container. */
  public String container(int generation) {
    String end = "-g" + generation;
    return engine.containers(labels()).stream()
        .map(ContainerInfo::name)
        .filter(name -> name.endsWith(end))
        .findFirst()
        .orElseThrow();
  }

  /** Names of the containers of this stack and service, with their state. */
  public List<String> containers() {
    return engine.containers(labels()).stream()
        .map(container -> container.name() + " " + container.state())
        .sorted()
        .toList();
  }

  /** Names of the volumes of this stack and service. */
  public List<String> volumes() {
    return engine.volumes(labels()).stream().map(volume -> volume.name()).sorted().toList();
  }

  public Map<String, String> labels() {
    return new ResourceNames(settings).stackLabels();
  }

  @Override
  public void close() {
    try (Service closing = service;
        Engine last = engine) {
      closing.control().down(Control.Removal.VOLUMES);
      List<ContainerInfo> left = last.containers(labels());
      if (!left.isEmpty()) {
        throw new AssertionError("down --volumes has left " + left);
      }
    }
  }
}
