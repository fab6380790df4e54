package dev.orchestrator.engine;

/**
 * The other engine on which a capsule is.
 *
 * @param address as it was given: {@code ssh://…}, {@code tcp://…}, or the name of a Docker context
 * @param id of the engine, so that an address that leads elsewhere by now is noticed
 * @param host the address of its host at which the capsule's ports are published
 */
public record RemoteEngine(String address, String id, String host) {}
