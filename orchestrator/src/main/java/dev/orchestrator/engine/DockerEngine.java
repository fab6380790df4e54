package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A Docker engine, 20.10 or newer, asked over its socket. Thread-safe. */
public final class DockerEngine implements Engine {

  /** A connection and the groups of calls that use it. */
  private record Calls(
      EngineConnection connection,
      DockerContainers containers,
      DockerExec exec,
      DockerEvents events,
      DockerVolumes volumes,
      DockerNetworks networks,
      DockerImages images) {

    static Calls over(EngineConnection connection) {
      DockerVolumes volumes = new DockerVolumes(connection);
      OwnCommands own = new OwnCommands();
      return new Calls(
          connection,
          new DockerContainers(connection, volumes),
          new DockerExec(connection, own),
          new DockerEvents(connection, own),
          volumes,
          new DockerNetworks(connection),
          new DockerImages(connection));
    }
  }

  /** Opens the connection at the first call. */
  @FunctionalInterface
  private interface Opener {
    EngineConnection open();
  }

  private final Opener opener;
  private @Nullable Calls calls;

  private DockerEngine(Opener opener) {
    this.opener = opener;
  }

  /**
   * Connects, and agrees with the engine on the API version.
   *
   * @param address {@code unix://…} or {@code tcp://…}; empty: {@code DOCKER_HOST}, else the usual
   *     socket
   * @param timeout for reaching the engine
   * @throws EngineException {@code UNREACHABLE}, {@code TOO_OLD} or {@code TIMEOUT}
   */
  public static DockerEngine connect(String address, Duration timeout) {
    DockerEngine engine = at(address, timeout);
    Calls _ = engine.calls();
    return engine;
  }

  /**
   * Connects at the first call that reaches the engine, which may start later than this process.
   */
  public static DockerEngine at(String address, Duration timeout) {
    String used = EngineConnection.address(address, System.getenv("DOCKER_HOST"));
    return new DockerEngine(() -> EngineConnection.open(used, timeout));
  }

  /**
   * Another engine; connects at the first call.
   *
   * @param home the service's own folder, for the socket of a connection by ssh
   */
  public static DockerEngine elsewhere(EngineAddress address, Path home, Duration timeout) {
    return new DockerEngine(() -> EngineConnection.open(address, home, timeout));
  }

  /**
   * The address of the engine's host that this host reaches it at; empty for an engine of this
   * host.
   */
  public String reachedHost() {
    return calls().connection().reachedHost();
  }

  private synchronized Calls calls() {
    Calls now = calls;
    if (now == null) {
      now = Calls.over(opener.open());
      calls = now;
    }
    return now;
  }

  @Override
  public EngineInfo info() {
    String doing = "asking the engine about itself";
    EngineConnection connection = calls().connection();
    JsonNode info =
        connection
            .calls()
            .call(
                doing,
                TimedCalls.SHORT,
                () -> connection.raw().get(doing, "/v" + connection.api() + "/info"));
    return new EngineInfo(
        info.path("ID").asText(),
        connection.shown(),
        info.path("ServerVersion").asText(),
        connection.api(),
        info.path("Driver").asText(),
        info.path("DockerRootDir").asText(),
        info.path("CgroupVersion").asInt(1),
        new Platform(info.path("OSType").asText("linux"), info.path("Architecture").asText(), ""),
        connection.tls() == null && BuildKit.isInstalled());
  }

  @Override
  public Optional<ContainerInfo> container(String name) {
    return calls().containers().get(name);
  }

  @Override
  public List<ContainerInfo> containers(Map<String, String> labels) {
    return calls().containers().list(labels);
  }

  @Override
  public List<ContainerDetails> containerDetails(String label) {
    return calls().containers().details(label);
  }

  @Override
  public void createContainer(ContainerSpec spec) {
    calls().containers().create(spec);
  }

  @Override
  public void startContainer(String name) {
    calls().containers().start(name);
  }

  @Override
  public void stopContainer(String name, Duration timeout) {
    calls().containers().stop(name, timeout);
  }

  @Override
  public void killContainer(String name) {
    calls().containers().kill(name);
  }

  @Override
  public void pauseContainer(String name) {
    calls().containers().pause(name);
  }

  @Override
  public void unpauseContainer(String name) {
    calls().containers().unpause(name);
  }

  @Override
  public void setRestartPolicy(String name, String policy) {
    calls().containers().setRestartPolicy(name, policy);
  }

  @Override
  public void removeContainer(String name) {
    calls().containers().remove(name);
  }

  @Override
  public int awaitExit(String name, Duration deadline) {
    return calls().containers().awaitExit(name, deadline);
  }

  @Override
  public ExecResult exec(
      String name, List<String> command, Duration deadline, Consumer<String> line) {
    return calls().exec().exec(name, command, deadline, line);
  }

  @Override
  public ExecResult execOutput(
      String name, List<String> command, Duration deadline, OutputStream out) {
    return calls().exec().output(name, command, deadline, out);
  }

  @Override
  public ExecResult execInput(
      String name, List<String> command, Duration deadline, InputStream in, Consumer<String> line) {
    return calls().exec().input(name, command, deadline, in, line);
  }

  @Override
  public ExecStream openExec(String name, List<String> command, Consumer<String> errorLine) {
    return calls().exec().open(name, command, errorLine);
  }

  @Override
  public Closeable watch(Map<String, String> labels, ContainerWatcher watcher) {
    return calls().events().watch(labels, watcher);
  }

  @Override
  public List<String> logs(String name, int tail) {
    return calls().exec().logs(name, tail);
  }

  @Override
  public void putArchive(String name, String directory, InputStream tar) {
    calls().containers().putArchive(name, directory, tar);
  }

  @Override
  public Optional<VolumeInfo> volume(String name) {
    return calls().volumes().get(name);
  }

  @Override
  public List<VolumeInfo> volumes(Map<String, String> labels) {
    return calls().volumes().list(labels);
  }

  @Override
  public void createVolume(String name, Map<String, String> labels, Map<String, String> options) {
    calls().volumes().create(name, labels, options);
  }

  @Override
  public void removeVolume(String name) {
    calls().volumes().remove(name);
  }

  @Override
  public List<String> volumeUsers(String name) {
    return calls().volumes().users(name);
  }

  @Override
  public List<String> subnets(String network) {
    return calls().networks().subnets(network);
  }

  @Override
  public void createIsolatedNetwork(String name, Map<String, String> labels) {
    calls().networks().createIsolated(name, labels);
  }

  @Override
  public List<String> networks(Map<String, String> labels) {
    return calls().networks().list(labels);
  }

  @Override
  public void removeNetwork(String name) {
    calls().networks().remove(name);
  }

  @Override
  public Optional<ImageInfo> image(String reference) {
    return calls().images().get(reference);
  }

  @Override
  public Optional<JsonNode> imageConfig(String reference) {
    String doing = "looking at image " + reference;
    EngineConnection connection = calls().connection();
    try {
      return Optional.of(
          connection
              .calls()
              .call(
                  doing,
                  TimedCalls.SHORT,
                  () ->
                      connection
                          .raw()
                          .get(doing, "/v%s/images/%s/json".formatted(connection.api(), reference))
                          .path("Config")));
    } catch (EngineException e) {
      if (e.kind() == EngineException.Kind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public List<ImageInfo> images(Map<String, String> labels) {
    return calls().images().list(labels);
  }

  @Override
  public void pull(String reference, Duration deadline, Consumer<String> progress) {
    new DockerPull(calls().connection()).pull(reference, deadline, progress);
  }

  @Override
  public String build(BuildSpec spec, Duration deadline, Consumer<String> progress) {
    return new DockerBuild(calls().connection(), calls().images(), info())
        .build(spec, deadline, progress);
  }

  @Override
  public String commit(String container, String reference, ImageConfig config) {
    return new DockerCommit(calls().connection()).commit(container, reference, config);
  }

  @Override
  public void tag(String image, String reference) {
    calls().images().tag(image, reference);
  }

  @Override
  public <T> T save(String reference, Duration deadline, ImageReader<T> reader) {
    return new DockerTransfer(calls().connection()).save(reference, deadline, reader);
  }

  @Override
  public void load(InputStream images, Duration deadline, Consumer<String> progress) {
    new DockerTransfer(calls().connection()).load(images, deadline, progress);
  }

  @Override
  public void removeImage(String reference) {
    calls().images().remove(reference);
  }

  @Override
  public synchronized void close() {
    try {
      if (calls != null) {
        calls.connection().close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("closing the connection to the engine", e);
    }
  }
}
