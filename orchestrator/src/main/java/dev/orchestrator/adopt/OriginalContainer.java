package dev.orchestrator.adopt;

import java.time.Duration;
import java.util.List;

/**
 * A container of the project that is taken over.
 *
 * @param id of the engine, in full
 * @param restartPolicy as the engine has it: {@code no}, {@code always}, {@code unless-stopped},
 *     {@code on-failure} or {@code on-failure:N}
 * @param stopGrace how long Compose waits after the stop signal before it kills the container
 * @param dependsOn names of the services that start before this one, and stop after it
 * @param ports that are published on the host
 */
public record OriginalContainer(
    String id,
    String name,
    String service,
    String restartPolicy,
    boolean running,
    Duration stopGrace,
    List<String> dependsOn,
    List<OriginalPort> ports) {}
