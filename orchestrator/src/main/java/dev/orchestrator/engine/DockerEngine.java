package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A real Docker engine, 20.10 or newer, over its socket. Thread-safe. */
public final class DockerEngine implements Engine {

  /** What a connection is used through. */
  private record Wires(
      EngineConnection connection,
      DockerContainers containers,
      DockerExec exec,
      DockerVolumes volumes,
      DockerImages images) {

    static Wires to(EngineConnection connection) {
      DockerVolumes volumes = new DockerVolumes(connection);
      return new Wires(
          connection,
          new DockerContainers(connection, volumes),
          new DockerExec(connection),
          volumes,
          new DockerImages(connection));
    }
  }

  private final String address;
  private final Duration timeout;
  private @Nullable Wires wires;

  private DockerEngine(String address, Duration timeout) {
    this.address = address;
    this.timeout = timeout;
  }

  /**
   * Connects and settles the API version.
   *
   * @param address {@code unix://…} or {@code tcp://…}; empty: {@code DOCKER_HOST}, else the usual
   *     socket
   * @param timeout for reaching it
   * @throws EngineException {@code UNREACHABLE}, {@code TOO_OLD} or {@code TIMEOUT}
   */
  public static DockerEngine connect(String address, Duration timeout) {
    DockerEngine engine = at(address, timeout);
    Wires _ = engine.wires();
    return engine;
  }

  /** Connects at the first call that finds it there: the engine may come up after us. */
  public static DockerEngine at(String address, Duration timeout) {
    return new DockerEngine(
        EngineConnection.address(address, System.getenv("DOCKER_HOST")), timeout);
  }

  private synchronized Wires wires() {
    Wires now = wires;
    if (now == null) {
      now = Wires.to(EngineConnection.open(address, timeout));
      wires = now;
    }
    return now;
  }

  @Override
  public EngineInfo info() {
    String doing = "asking the engine about itself";
    EngineConnection connection = wires().connection();
    JsonNode info =
        connection
            .calls()
            .call(
                doing,
                TimedCalls.SHORT,
                () -> connection.raw().get(doing, "/v" + connection.api() + "/info"));
    return new EngineInfo(
        connection.address(),
        info.path("ServerVersion").asText(),
        connection.api(),
        info.path("Driver").asText(),
        info.path("DockerRootDir").asText(),
        info.path("CgroupVersion").asInt(1));
  }

  @Override
  public Optional<ContainerInfo> container(String name) {
    return wires().containers().get(name);
  }

  @Override
  public List<ContainerInfo> containers(Map<String, String> labels) {
    return wires().containers().list(labels);
  }

  @Override
  public void createContainer(ContainerSpec spec) {
    wires().containers().create(spec);
  }

  @Override
  public void startContainer(String name) {
    wires().containers().start(name);
  }

  @Override
  public void stopContainer(String name, Duration timeout) {
    wires().containers().stop(name, timeout);
  }

  @Override
  public void killContainer(String name) {
    wires().containers().kill(name);
  }

  @Override
  public void pauseContainer(String name) {
    wires().containers().pause(name);
  }

  @Override
  public void unpauseContainer(String name) {
    wires().containers().unpause(name);
  }

  @Override
  public void removeContainer(String name) {
    wires().containers().remove(name);
  }

  @Override
  public int awaitExit(String name, Duration deadline) {
    return wires().containers().awaitExit(name, deadline);
  }

  @Override
  public ExecResult exec(
      String name, List<String> command, Duration deadline, Consumer<String> line) {
    return wires().exec().exec(name, command, deadline, line);
  }

  @Override
  public List<String> logs(String name, int tail) {
    return wires().exec().logs(name, tail);
  }

  @Override
  public void putArchive(String name, String directory, InputStream tar) {
    wires().containers().putArchive(name, directory, tar);
  }

  @Override
  public Optional<VolumeInfo> volume(String name) {
    return wires().volumes().get(name);
  }

  @Override
  public List<VolumeInfo> volumes(Map<String, String> labels) {
    return wires().volumes().list(labels);
  }

  @Override
  public void createVolume(String name, Map<String, String> labels, Map<String, String> options) {
    wires().volumes().create(name, labels, options);
  }

  @Override
  public void removeVolume(String name) {
    wires().volumes().remove(name);
  }

  @Override
  public Optional<ImageInfo> image(String reference) {
    return wires().images().get(reference);
  }

  @Override
  public List<ImageInfo> images(Map<String, String> labels) {
    return wires().images().list(labels);
  }

  @Override
  public void pull(String reference, Duration deadline, Consumer<String> progress) {
    new DockerPull(wires().connection()).pull(reference, deadline, progress);
  }

  @Override
  public String build(BuildSpec spec, Duration deadline, Consumer<String> progress) {
    return new DockerBuild(wires().connection(), wires().images()).build(spec, deadline, progress);
  }

  @Override
  public String commit(String container, String reference, ImageConfig config) {
    return new DockerCommit(wires().connection()).commit(container, reference, config);
  }

  @Override
  public void tag(String image, String reference) {
    wires().images().tag(image, reference);
  }

  @Override
  public void removeImage(String reference) {
    wires().images().remove(reference);
  }

  @Override
  public synchronized void close() {
    try {
      if (wires != null) {
        wires.connection().close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("closing the connection to the engine", e);
    }
  }
}
