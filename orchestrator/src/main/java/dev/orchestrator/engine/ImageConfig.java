package dev.orchestrator.engine;

import java.util.List;
import java.util.Map;

/**
 * The configuration of an image made from a container. An empty list or map keeps what the parent
 * image has.
 *
 * @param env {@code NAME=value} lines
 */
public record ImageConfig(
    List<String> entrypoint, List<String> command, List<String> env, Map<String, String> labels) {}
