package dev.orchestrator.adopt;

/**
 * A port of the host that a container publishes.
 *
 * @param hostAddress such as {@code 0.0.0.0}, {@code ::} or {@code 127.0.0.1}
 * @param protocol {@code tcp} or {@code udp}
 */
public record OriginalPort(String hostAddress, int hostPort, int containerPort, String protocol) {}
