package dev.orchestrator.adopt;

import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * A container of the project that is taken over.
 *
 * @param id of the engine, in full
 * @param restartPolicy as the engine has it: {@code no}, {@code always}, {@code unless-stopped},
 *     {@code on-failure} or {@code on-failure:N}
 * @param stopGrace how long Compose waits after the stop signal before it kills the container
 * @param dependsOn names of the services that start before this one, and stop after it
 * @param ports that are published on the host
 * @param healthyFirst those of {@code dependsOn} that are healthy before this one starts
 * @param healthCheck the command of its health check; empty where it has none
 */
public record OriginalContainer(
    String id,
    String name,
    String service,
    String restartPolicy,
    boolean running,
    Duration stopGrace,
    List<String> dependsOn,
    List<OriginalPort> ports,
    Set<String> healthyFirst,
    List<String> healthCheck) {

  public OriginalContainer {
    dependsOn = List.copyOf(dependsOn);
    ports = List.copyOf(ports);
    healthyFirst = Set.copyOf(healthyFirst);
    healthCheck = List.copyOf(healthCheck);
  }

  /** A container for whose health no other one waits. */
  public OriginalContainer(
      String id,
      String name,
      String service,
      String restartPolicy,
      boolean running,
      Duration stopGrace,
      List<String> dependsOn,
      List<OriginalPort> ports) {
    this(
        id,
        name,
        service,
        restartPolicy,
        running,
        stopGrace,
        dependsOn,
        ports,
        Set.of(),
        List.of());
  }
}
