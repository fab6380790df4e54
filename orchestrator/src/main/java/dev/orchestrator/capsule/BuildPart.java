package dev.orchestrator.capsule;

/**
 * A part of a build, such as a service's image. Parts may be made side by side.
 *
 * @param what for a person, such as {@code image of db}
 */
public record BuildPart(String what, long millis) {}
