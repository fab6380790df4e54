package dev.orchestrator.settings;

/**
 * A volume of the host's engine whose content a stack's data begins with.
 *
 * @param volume name of a volume in the compose file
 * @param from name of the volume on the host's engine, which is only read
 */
public record VolumeImport(String volume, String from) {}
