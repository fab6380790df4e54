package dev.orchestrator.upgrade;

import dev.orchestrator.engine.PublishedPort;
import dev.orchestrator.journal.Generation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The ports at which a capsule on another engine is reached: each port of its routes and probes is
 * published on that host. They are numbers of our own choice, so that they stay what they are when
 * the container starts again, below those that hosts give out by themselves. Ports that follow each
 * other do so there, too.
 */
final class PublishedPorts {
  private static final int LOWEST = 20_000;
  private static final int COUNT = 12_000;

  private PublishedPorts() {}

  /**
   * Chooses the ports.
   *
   * @param host address of that host
   * @param attempt a number of others when those of the attempt before were taken
   */
  static List<PublishedPort> of(Generation generation, String host, int attempt) {
    SortedSet<Integer> inner = new TreeSet<>(generation.ports().values());
    int port = LOWEST + Math.floorMod(generation.container().hashCode() + attempt * 1_009, COUNT);
    List<PublishedPort> published = new ArrayList<>();
    for (int each : inner) {
      boolean udp = uses(generation, each, true);
      if (uses(generation, each, false)) {
        published.add(new PublishedPort(host, port, each, false));
      }
      if (udp) {
        published.add(new PublishedPort(host, port, each, true));
      }
      port++;
    }
    return List.copyOf(published);
  }

  private static boolean uses(Generation generation, int port, boolean udp) {
    return generation.ports().entrySet().stream()
        .anyMatch(each -> each.getValue() == port && each.getKey().contains("/udp") == udp);
  }

  /** The ports of that host in place of the capsule's own. */
  static Map<String, Integer> reached(Map<String, Integer> ports, Map<Integer, Integer> published) {
    Map<String, Integer> reached = new TreeMap<>();
    ports.forEach((key, inner) -> {
      Integer port = published.get(inner);
      if (port != null) {
        reached.put(key, port);
      }
    });
    return Map.copyOf(reached);
  }
}
