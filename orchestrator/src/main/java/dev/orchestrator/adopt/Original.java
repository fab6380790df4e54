package dev.orchestrator.adopt;

import java.util.List;

/**
 * The compose project that is taken over, as it runs on the engine's host: what must be stopped, in
 * which order, and where its data is.
 *
 * @param project its name, as Compose has it
 * @param containers all of its containers, those of one-off runs left out
 * @param data what is copied into the stack's data
 */
public record Original(
    String project, List<OriginalContainer> containers, List<OriginalData> data) {}
