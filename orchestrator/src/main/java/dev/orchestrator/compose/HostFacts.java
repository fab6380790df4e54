package dev.orchestrator.compose;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is known of the engine's host, as far as a compose file asks for it. The engine may be on
 * another host than this process.
 *
 * @param devices paths of the host's device nodes, such as {@code /dev/net/tun}, and of the folders
 *     below /dev that have some
 * @param subnets of the network that a capsule is in, such as {@code 172.17.0.0/16}
 * @param paths the paths that were asked for and exist, each with how mounts below it go through to
 *     a capsule: {@code rslave}, {@code rshared}, or {@code rprivate} where the host's mount allows
 *     neither
 * @param limits those that the engine gives a container, by the name that Docker has for each;
 *     empty when they weren't asked for
 * @param network a path of the host at which its network is, to be mounted in a capsule; empty when
 *     it wasn't asked for, or can't be had
 * @param zone the host's time zone, such as {@code Europe/Berlin}; empty when it wasn't asked for,
 *     or can't be found out
 */
public record HostFacts(
    Set<String> devices,
    List<String> subnets,
    Map<String, String> paths,
    Map<String, HostGrants.Limit> limits,
    String network,
    String zone) {
  /** Nothing is known. */
  public static final HostFacts NONE =
      new HostFacts(Set.of(), List.of(), Map.of(), Map.of(), "", "");

  public HostFacts {
    devices = Set.copyOf(devices);
    subnets = List.copyOf(subnets);
    paths = Map.copyOf(paths);
    limits = Map.copyOf(limits);
  }
}
