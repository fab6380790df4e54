package dev.orchestrator.compose;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The keys of a capsule's published ports, as images and the journal have them: {@code web:80} for
 * port 80 of the service web, {@code web:80#2} for its second replica. Any thread.
 */
public final class ServicePorts {
  private ServicePorts() {}

  /**
   * The key of a port.
   *
   * @param replica counted from 1
   */
  static String key(String service, int port, int replica) {
    return service + ":" + port + (replica == 1 ? "" : "#" + replica);
  }

  /** The capsule's ports for a port of a service, one for each replica; empty when it has none. */
  public static List<Integer> of(Map<String, Integer> ports, String service, int port) {
    List<Integer> found = new ArrayList<>();
    for (Integer published = ports.get(key(service, port, 1));
        published != null;
        published = ports.get(key(service, port, found.size() + 1))) {
      found.add(published);
    }
    return List.copyOf(found);
  }
}
