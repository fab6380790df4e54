package dev.orchestrator.settings;

import java.nio.file.Path;
import java.util.List;

/**
 * What a stack may have of the host beside what every capsule needs.
 *
 * @param hostPaths of the engine's host, in the order of the file
 * @param dockerSocket what a service gets that mounts the Docker engine's socket
 * @param privileged whether capsules get all rights ({@code security.mode = privileged}) instead of
 *     a list of capabilities
 * @param capabilities of capsules beyond the usual ones, without the {@code CAP_} prefix
 * @param devices paths below /dev, or rules such as {@code c 188:* rwm}
 * @param hostNetwork whether services with {@code network_mode: host} get the network of the
 *     engine's host instead of the capsule's
 * @param rehearsal whether capsules may read the host's paths and not write to them, as in a drill
 *     beside the stack that serves
 */
public record GrantSettings(
    List<HostPath> hostPaths,
    DockerSocket dockerSocket,
    boolean privileged,
    List<String> capabilities,
    List<String> devices,
    boolean hostNetwork,
    boolean rehearsal) {

  /** Grants of a stack that serves, in a network of its own. */
  public GrantSettings(
      List<HostPath> hostPaths,
      DockerSocket dockerSocket,
      boolean privileged,
      List<String> capabilities,
      List<String> devices) {
    this(hostPaths, dockerSocket, privileged, capabilities, devices, false, false);
  }

  /** Nothing is granted. */
  public static final GrantSettings NONE =
      new GrantSettings(List.of(), DockerSocket.NONE, false, List.of(), List.of());

  /** What is at the Docker engine's socket in a service. */
  public enum DockerSocket {
    /** No service may mount it. */
    NONE("none"),
    /** The capsule's own engine, which answers requests that change nothing. */
    INNER("inner"),
    /** The capsule's own engine. */
    INNER_WRITE("inner-write");

    private final String word;

    DockerSocket(String word) {
      this.word = word;
    }

    /** As it is written in stack.conf. */
    public String word() {
      return word;
    }
  }

  /**
   * A path of the engine's host, with everything below it.
   *
   * @param path absolute, without {@code ..}
   * @param readOnly whether no service may write to it, whatever the compose file says
   */
  public record HostPath(String path, boolean readOnly) {
    /** Whether a path is this one or below it. */
    public boolean covers(Path other) {
      return other.startsWith(path);
    }
  }

  public GrantSettings {
    hostPaths = List.copyOf(hostPaths);
    capabilities = List.copyOf(capabilities);
    devices = List.copyOf(devices);
  }

  /** The same for a rehearsal, which the network of the host would show to clients. */
  public GrantSettings forRehearsal() {
    return new GrantSettings(
        hostPaths, dockerSocket, privileged, capabilities, devices, false, true);
  }
}
