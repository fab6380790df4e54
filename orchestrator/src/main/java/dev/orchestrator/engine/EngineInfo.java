package dev.orchestrator.engine;

/**
 * What the engine says of itself.
 *
 * @param address where it was reached, such as {@code unix:///var/run/docker.sock}
 * @param dataRoot path of its store on its own host
 * @param cgroup 1 or 2
 */
public record EngineInfo(
    String address,
    String version,
    String apiVersion,
    String driver,
    String dataRoot,
    int cgroup) {}
