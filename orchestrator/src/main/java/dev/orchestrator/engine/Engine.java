package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The outer Docker engine: containers, volumes and images, each addressed by its name. Every call
 * blocks the calling (virtual) thread and may be interrupted; every failure is an {@link
 * EngineException} that says what was being done, on what, and what to do. Removing something that
 * does not exist succeeds.
 */
public interface Engine extends AutoCloseable {

  /** Asks the engine for its version and settings; fails when it does not answer. */
  EngineInfo info();

  // Containers

  Optional<ContainerInfo> container(String name);

  /** Lists all containers, running or not, that carry all these labels. */
  List<ContainerInfo> containers(Map<String, String> labels);

  /**
   * All that the engine knows of all containers, running or not, that have a label of this name,
   * whatever its value; of all containers when it is empty.
   */
  List<ContainerDetails> containerDetails(String label);

  /**
   * Creates a container without starting it. When a container of that name exists, that is a {@code
   * CONFLICT}.
   */
  void createContainer(ContainerSpec spec);

  /** Starts a container; does nothing when it runs already. */
  void startContainer(String name);

  /** Sends SIGTERM, then SIGKILL after {@code timeout}; does nothing when it doesn't run. */
  void stopContainer(String name, Duration timeout);

  /** Sends SIGKILL, also to a paused container; does nothing when it doesn't run. */
  void killContainer(String name);

  /** Freezes all processes of a container; does nothing when it is paused already. */
  void pauseContainer(String name);

  /** Lets a paused container go on; does nothing when it isn't paused. */
  void unpauseContainer(String name);

  /**
   * Sets what the engine does when a container ends, or when it starts itself.
   *
   * @param policy {@code no}, {@code always}, {@code unless-stopped}, {@code on-failure} or {@code
   *     on-failure:N}
   */
  void setRestartPolicy(String name, String policy);

  /** Removes a container with its anonymous volumes; kills it first when it runs. */
  void removeContainer(String name);

  /** Waits until a container ends; returns its exit code. {@code TIMEOUT} after the deadline. */
  int awaitExit(String name, Duration deadline);

  /**
   * Runs a command in a running container. {@code TIMEOUT} after the deadline; the command may go
   * on inside.
   *
   * @param line gets each line of standard output as it comes
   */
  ExecResult exec(String name, List<String> command, Duration deadline, Consumer<String> line);

  default ExecResult exec(String name, List<String> command, Duration deadline) {
    return exec(name, command, deadline, line -> {});
  }

  /**
   * Runs a command in a running container whose standard output is data of any size: it is written
   * to {@code out} as it comes. The result has no output, only errors.
   */
  ExecResult execOutput(String name, List<String> command, Duration deadline, OutputStream out);

  /**
   * Runs a command in a running container that reads data of any size. The command must know how
   * much it reads: not every engine passes the end of the input on.
   *
   * @param line gets each line of standard output as it comes
   */
  ExecResult execInput(
      String name, List<String> command, Duration deadline, InputStream in, Consumer<String> line);

  /**
   * Starts a command in a running container and leaves its streams to the caller.
   *
   * @param errorLine gets each line of standard error while the output is read
   */
  ExecStream openExec(String name, List<String> command, Consumer<String> errorLine);

  /**
   * Tells a watcher whenever a container with all these labels starts or ends, until it is closed
   * or the engine goes away. Returns at once; a failure to reach the engine is an end.
   */
  Closeable watch(Map<String, String> labels, ContainerWatcher watcher);

  /** Reads the last lines of a container's output, of both streams, oldest first. */
  List<String> logs(String name, int tail);

  /** Unpacks a tar stream below {@code directory} in the container (running or not). */
  void putArchive(String name, String directory, InputStream tar);

  // Volumes

  Optional<VolumeInfo> volume(String name);

  List<VolumeInfo> volumes(Map<String, String> labels);

  /**
   * Creates a volume; does nothing when a volume of that name exists with the same labels, and is a
   * {@code CONFLICT} when it exists with others.
   */
  default void createVolume(String name, Map<String, String> labels) {
    createVolume(name, labels, Map.of());
  }

  /**
   * The same, with options of the engine's local driver: {@code type}, {@code device} and {@code o}
   * are those of mount(8). The engine mounts the device whenever a container uses the volume.
   */
  void createVolume(String name, Map<String, String> labels, Map<String, String> options);

  void removeVolume(String name);

  /** The names of the containers that run, or are paused, with this volume. */
  List<String> volumeUsers(String name);

  // Networks

  /**
   * The subnets of a network, such as {@code 172.17.0.0/16}; none when there is no such network.
   */
  List<String> subnets(String network);

  /**
   * Creates a network without a way out: a container in it can be reached from the engine's host,
   * and reaches nothing but that host and other containers of the network. Does nothing when a
   * network of that name exists with the same labels, and is a {@code CONFLICT} when it exists with
   * others.
   */
  void createIsolatedNetwork(String name, Map<String, String> labels);

  /** The names of the networks that carry all these labels. */
  List<String> networks(Map<String, String> labels);

  void removeNetwork(String name);

  // Images

  Optional<ImageInfo> image(String reference);

  /**
   * What an image sets for its containers, as the engine has it: {@code Env}, {@code Cmd}, {@code
   * Entrypoint}, {@code User} and so on; empty when there is no such image.
   */
  Optional<JsonNode> imageConfig(String reference);

  List<ImageInfo> images(Map<String, String> labels);

  /**
   * Pulls an image from its registry; fails with {@code NOT_FOUND} or {@code UNREACHABLE} and the
   * reason.
   */
  void pull(String reference, Duration deadline, Consumer<String> progress);

  /**
   * Builds an image with the classic builder; returns its id. {@code BUILD_FAILED} carries the last
   * lines of the output.
   */
  String build(BuildSpec spec, Duration deadline, Consumer<String> progress);

  /** Makes an image from a stopped container; returns its id. */
  String commit(String container, String reference, ImageConfig config);

  void tag(String image, String reference);

  /** What reads an image as it comes, to its end. */
  @FunctionalInterface
  interface ImageReader<T> {
    T read(InputStream image) throws IOException;
  }

  /** Gives an image, as {@code docker save} has it, to a reader; returns what the reader does. */
  <T> T save(String reference, Duration deadline, ImageReader<T> reader);

  /**
   * Takes images as {@code docker load} does.
   *
   * @param progress gets what the engine says
   */
  void load(InputStream images, Duration deadline, Consumer<String> progress);

  void removeImage(String reference);

  @Override
  void close();
}
