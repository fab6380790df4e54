package dev.orchestrator.engine;

import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The outer Docker engine. Every call blocks the calling (virtual) thread and may be interrupted;
 * every failure is an {@link EngineException} that says what was being done, on what, and what to
 * do. Removing what is not there is no failure. Things are addressed by name.
 */
public interface Engine extends AutoCloseable {

  /** Version, API version, store driver and data root; fails when the engine does not answer. */
  EngineInfo info();

  // Containers

  Optional<ContainerInfo> container(String name);

  /** All containers (running or not) that carry all these labels. */
  List<ContainerInfo> containers(Map<String, String> labels);

  /** Creates, doesn't start. A container of that name already there is a {@code CONFLICT}. */
  void createContainer(ContainerSpec spec);

  /** No failure when it runs already. */
  void startContainer(String name);

  /** SIGTERM, then SIGKILL after {@code timeout}. No failure when it doesn't run. */
  void stopContainer(String name, Duration timeout);

  /** SIGKILL, also where it is paused. No failure when it doesn't run. */
  void killContainer(String name);

  /** Freezes everything in it. No failure when it is paused already. */
  void pauseContainer(String name);

  /** No failure when it isn't paused. */
  void unpauseContainer(String name);

  /** Kills it where it runs, and removes it with its anonymous volumes. */
  void removeContainer(String name);

  /** Waits until it has ended and returns its exit code; {@code TIMEOUT} after the deadline. */
  int awaitExit(String name, Duration deadline);

  /**
   * Runs a command in a running container. {@code line} sees each line of standard output as it
   * comes. {@code TIMEOUT} after the deadline (the command may go on inside).
   */
  ExecResult exec(String name, List<String> command, Duration deadline, Consumer<String> line);

  default ExecResult exec(String name, List<String> command, Duration deadline) {
    return exec(name, command, deadline, line -> {});
  }

  /** The last lines of a container's output (both streams), oldest first. */
  List<String> logs(String name, int tail);

  /** Unpacks a tar stream below {@code directory} in the container (running or not). */
  void putArchive(String name, String directory, InputStream tar);

  // Volumes

  Optional<VolumeInfo> volume(String name);

  List<VolumeInfo> volumes(Map<String, String> labels);

  /** No failure when a volume of that name is there with the same labels. */
  default void createVolume(String name, Map<String, String> labels) {
    createVolume(name, labels, Map.of());
  }

  /**
   * The same, with options of the engine's local driver: {@code type}, {@code device}, {@code o} as
   * of mount(8). What they say is mounted when a container uses the volume.
   */
  void createVolume(String name, Map<String, String> labels, Map<String, String> options);

  void removeVolume(String name);

  // Images

  Optional<ImageInfo> image(String reference);

  List<ImageInfo> images(Map<String, String> labels);

  /** Pulls from its registry. {@code NOT_FOUND} or {@code UNREACHABLE} says why it can't be had. */
  void pull(String reference, Duration deadline, Consumer<String> progress);

  /** Builds with the classic builder; {@code BUILD_FAILED} carries the last lines of its output. */
  String build(BuildSpec spec, Duration deadline, Consumer<String> progress);

  /** Makes an image from a stopped container; returns its id. */
  String commit(String container, String reference, ImageConfig config);

  void tag(String image, String reference);

  void removeImage(String reference);

  @Override
  void close();
}
