package dev.orchestrator.capsule;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What has happened to a capsule's services, by the clock of its host.
 *
 * @param events in the order in which they were noted
 * @param dependsOn by service, the services that it waits for
 */
public record ServiceTimes(List<Event> events, Map<String, List<String>> dependsOn) {
  public ServiceTimes {
    events = List.copyOf(events);
    dependsOn = Map.copyOf(dependsOn);
  }

  /**
   * A moment of a service.
   *
   * @param action {@code ask} when its start was asked for; {@code start}, {@code kill}, {@code
   *     die}, {@code healthy}, {@code unhealthy} as the inner engine has seen it
   */
  public record Event(Instant at, String action, String service) {}
}
