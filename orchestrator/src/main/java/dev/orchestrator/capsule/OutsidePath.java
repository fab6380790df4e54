package dev.orchestrator.capsule;

/**
 * A file or folder that a service has written outside its volumes, and that the next upgrade loses.
 *
 * @param path in the service's container; for a new folder it stands for everything in it
 * @param kind {@code added}, {@code changed} or {@code deleted}
 * @param folder whether it is a folder
 * @param bytes its size
 */
public record OutsidePath(String service, String path, String kind, boolean folder, long bytes) {}
