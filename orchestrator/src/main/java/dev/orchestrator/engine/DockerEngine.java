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

/** A real Docker engine, 20.10 or newer, over its socket. Thread-safe. */
public final class DockerEngine implements Engine {
  private final Connection connection;
  private final DockerContainers containers;
  private final DockerExec exec;
  private final DockerVolumes volumes;
  private final DockerImages images;

  private DockerEngine(Connection connection) {
    this.connection = connection;
    this.volumes = new DockerVolumes(connection);
    this.containers = new DockerContainers(connection, volumes);
    this.exec = new DockerExec(connection);
    this.images = new DockerImages(connection);
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
    return new DockerEngine(
        Connection.open(Connection.address(address, System.getenv("DOCKER_HOST")), timeout));
  }

  @Override
  public EngineInfo info() {
    String doing = "asking the engine about itself";
    JsonNode info =
        connection
            .calls()
            .call(
                doing,
                Calls.SHORT,
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
    return containers.get(name);
  }

  @Override
  public List<ContainerInfo> containers(Map<String, String> labels) {
    return containers.list(labels);
  }

  @Override
  public void createContainer(ContainerSpec spec) {
    containers.create(spec);
  }

  @Override
  public void startContainer(String name) {
    containers.start(name);
  }

  @Override
  public void stopContainer(String name, Duration timeout) {
    containers.stop(name, timeout);
  }

  @Override
  public void killContainer(String name) {
    containers.kill(name);
  }

  @Override
  public void pauseContainer(String name) {
    containers.pause(name);
  }

  @Override
  public void unpauseContainer(String name) {
    containers.unpause(name);
  }

  @Override
  public void removeContainer(String name) {
    containers.remove(name);
  }

  @Override
  public int awaitExit(String name, Duration deadline) {
    return containers.awaitExit(name, deadline);
  }

  @Override
  public ExecResult exec(
      String name, List<String> command, Duration deadline, Consumer<String> line) {
    return exec.exec(name, command, deadline, line);
  }

  @Override
  public List<String> logs(String name, int tail) {
    return exec.logs(name, tail);
  }

  @Override
  public void putArchive(String name, String directory, InputStream tar) {
    containers.putArchive(name, directory, tar);
  }

  @Override
  public Optional<VolumeInfo> volume(String name) {
    return volumes.get(name);
  }

  @Override
  public List<VolumeInfo> volumes(Map<String, String> labels) {
    return volumes.list(labels);
  }

  @Override
  public void createVolume(String name, Map<String, String> labels, Map<String, String> options) {
    volumes.create(name, labels, options);
  }

  @Override
  public void removeVolume(String name) {
    volumes.remove(name);
  }

  @Override
  public Optional<ImageInfo> image(String reference) {
    return images.get(reference);
  }

  @Override
  public List<ImageInfo> images(Map<String, String> labels) {
    return images.list(labels);
  }

  @Override
  public void pull(String reference, Duration deadline, Consumer<String> progress) {
    new DockerPull(connection).pull(reference, deadline, progress);
  }

  @Override
  public String build(BuildSpec spec, Duration deadline, Consumer<String> progress) {
    return new DockerBuild(connection, images).build(spec, deadline, progress);
  }

  @Override
  public String commit(String container, String reference, ImageConfig config) {
    return new DockerCommit(connection).commit(container, reference, config);
  }

  @Override
  public void tag(String image, String reference) {
    images.tag(image, reference);
  }

  @Override
  public void removeImage(String reference) {
    images.remove(reference);
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (IOException e) {
      throw new UncheckedIOException("closing the connection to the engine", e);
    }
  }
}
