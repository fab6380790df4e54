package dev.orchestrator.capsule;

/**
 * What a clone of a data volume, which is a layer over it, can do on a host, as a trial has shown.
 *
 * @param overlay whether a clone can be mounted, and folders in it renamed
 * @param links whether a file with several names stays one file when it is written to
 * @param why the system's reason when something is not possible; else empty
 */
public record CloneSupport(boolean overlay, boolean links, String why) {}
