package dev.orchestrator.engine;

import java.util.Map;

/**
 * A named volume.
 *
 * @param mountpoint its path on the engine's host
 */
public record VolumeInfo(String name, String mountpoint, Map<String, String> labels) {}
