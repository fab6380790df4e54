package dev.orchestrator.capsule;

/**
 * Something that a service has written outside its volumes: lost with the version.
 *
 * @param path in the service's container: a file, or a folder that is new with all in it
 * @param kind {@code added}, {@code changed} or {@code deleted}
 * @param folder whether it is one
 * @param bytes that it takes
 */
public record OutsidePath(String service, String path, String kind, boolean folder, long bytes) {}
