package dev.orchestrator.engine;

import java.util.Map;

/**
 * A container as the engine sees it.
 *
 * @param state {@code created}, {@code running}, {@code paused}, {@code exited}, {@code dead} …
 * @param startedAt the time of its last start, as the engine writes it: another text after each
 *     start
 * @param address its address on its first network; empty when it has none, as when it doesn't run
 */
public record ContainerInfo(
    String name,
    String id,
    String image,
    String state,
    int exitCode,
    String startedAt,
    String address,
    Map<String, String> labels) {

  public boolean running() {
    return state.equals("running");
  }

  /** Whether it is frozen: its processes exist and do nothing. */
  public boolean paused() {
    return state.equals("paused");
  }
}
