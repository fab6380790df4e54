package dev.orchestrator.capsule;

/**
 * What a clone of a data volume, a layer over it, can do on a host: tried out, not assumed.
 *
 * @param overlay whether it can be mounted, and folders in it renamed
 * @param links whether a file with several names stays one file when it is written to
 * @param why not, in the system's words; empty where all is well
 */
public record CloneSupport(boolean overlay, boolean links, String why) {}
