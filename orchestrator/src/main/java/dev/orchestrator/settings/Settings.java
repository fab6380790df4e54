package dev.orchestrator.settings;

import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;

/**
 * All settings of one stack, with those of its service; they have been checked. Durations are
 * positive unless said otherwise.
 *
 * @param file orchestrator.conf, for messages
 * @param home folder of the service's state: token, log, address of the running service
 */
public record Settings(
    Path file,
    Path home,
    EngineSettings engine,
    ApiSettings api,
    ImageSettings image,
    ScheduleSettings schedule,
    TakeoverSettings takeover,
    StackSettings stack) {

  /** Folder of this stack's own state, in the home. */
  public Path state() {
    return state(home, stack.name());
  }

  /** Folder of a stack's own state, in the home. */
  public static Path state(Path home, String stack) {
    return home.resolve("state").resolve(stack);
  }

  /** The same service with other settings of the stack. */
  public Settings withStack(StackSettings other) {
    return new Settings(file, home, engine, api, image, schedule, takeover, other);
  }

  /** The stack's journal. */
  public Path journal() {
    return state().resolve(JOURNAL);
  }

  /** Name of the file of a stack's journal. */
  public static final String JOURNAL = "journal.db";

  /**
   * How the Docker engine is reached.
   *
   * @param address empty: $DOCKER_HOST, else the default socket
   * @param timeout of a short call
   */
  public record EngineSettings(String address, Duration timeout) {}

  /** Where the API listens: a loopback address; port 0 takes a free one. */
  public record ApiSettings(String host, int port) {}

  /**
   * How capsules are built and run.
   *
   * @param base a base image of the user's own; empty: built from {@code folder}
   * @param folder config/image: the Dockerfile and the scripts of a capsule
   * @param privileged whether capsules get all rights ({@code security.mode = privileged}) instead
   *     of a list of capabilities
   */
  public record ImageSettings(String base, Path folder, boolean privileged) {

    /** The same with a stack's own mode. */
    ImageSettings withPrivileged(boolean mode) {
      return new ImageSettings(base, folder, mode);
    }
  }

  /**
   * When upgrades run without a command.
   *
   * @param upgrade a five-field cron expression, or null for never
   */
  public record ScheduleSettings(@Nullable String upgrade, ZoneId zone) {}

  /**
   * How this process hands its routes to the process that replaces it.
   *
   * @param drain how long open connections may live on in this process; may be zero
   */
  public record TakeoverSettings(Duration drain) {}
}
