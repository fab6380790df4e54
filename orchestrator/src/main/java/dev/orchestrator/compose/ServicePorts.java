package dev.orchestrator.compose;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The keys of a capsule's published ports, as images and the journal have them: {@code web:80} or
 * {@code dns:53/udp} for a port of a service, the same with {@code #2} for its second replica. Any
 * thread.
 */
public final class ServicePorts {
  private ServicePorts() {}

  /**
   * The key of a replica's port.
   *
   * @param replica counted from 1
   */
  static String ofReplica(String key, int replica) {
    return key + (replica == 1 ? "" : "#" + replica);
  }

  /** The capsule's ports for a service's port, one for each replica; empty when it has none. */
  public static List<Integer> find(Map<String, Integer> ports, String key) {
    List<Integer> found = new ArrayList<>();
    for (Integer published = ports.get(key);
        published != null;
        published = ports.get(ofReplica(key, found.size() + 1))) {
      found.add(published);
    }
    return List.copyOf(found);
  }
}
