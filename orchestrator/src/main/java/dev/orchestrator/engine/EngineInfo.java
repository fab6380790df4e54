package dev.orchestrator.engine;

/**
 * An engine's own description.
 *
 * @param id of the engine, unlike that of any other
 * @param address where it was reached, such as {@code unix:///var/run/docker.sock}
 * @param driver of the image store, such as {@code overlay2}
 * @param dataRoot path of its store on its own host
 * @param cgroup version of the host's control groups, 1 or 2
 * @param platform of its host
 * @param buildKit whether its builds can be those of BuildKit: this host has {@code docker buildx}
 */
public record EngineInfo(
    String id,
    String address,
    String version,
    String apiVersion,
    String driver,
    String dataRoot,
    int cgroup,
    Platform platform,
    boolean buildKit) {}
