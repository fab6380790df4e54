package dev.orchestrator.engine;

/**
 * A port of a container that its engine publishes on its host.
 *
 * @param host address of the host
 * @param port of the host
 * @param inner port of the container
 * @param udp whether it is a udp port
 */
public record PublishedPort(String host, int port, int inner, boolean udp) {}
