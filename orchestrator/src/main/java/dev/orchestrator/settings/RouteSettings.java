package dev.orchestrator.settings;

/**
 * A public port and the inner service port behind it.
 *
 * @param host address to listen on; {@code 0.0.0.0} is all
 */
public record RouteSettings(String name, String host, int port, String service, int servicePort) {}
