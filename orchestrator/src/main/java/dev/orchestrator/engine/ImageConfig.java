package dev.orchestrator.engine;

import java.util.List;
import java.util.Map;

/**
 * What a committed image says of itself; an empty list or map leaves what its parent has.
 *
 * @param env {@code NAME=value} lines
 */
public record ImageConfig(
    List<String> entrypoint, List<String> command, List<String> env, Map<String, String> labels) {}
