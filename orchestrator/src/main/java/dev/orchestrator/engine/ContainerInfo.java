package dev.orchestrator.engine;

import java.util.Map;

/**
 * A container as the engine sees it.
 *
 * @param state {@code created}, {@code running}, {@code paused}, {@code exited}, {@code dead} …
 * @param startedAt the time of its last start, as the engine writes it: another text after each
 *     start
 * @param address its address on its first network; empty when it has none, as when it doesn't run
 * @param published the ports of its host by its own ports, of those that are published on a chosen
 *     address
 */
public record ContainerInfo(
    String name,
    String id,
    String image,
    String state,
    int exitCode,
    String startedAt,
    String address,
    Map<String, String> labels,
    Map<Integer, Integer> published) {

  /** The same container as it is reached from another host. */
  public ContainerInfo reachedAt(String host) {
    return new ContainerInfo(name, id, image, state, exitCode, startedAt, host, labels, published);
  }

  public boolean running() {
    return state.equals("running");
  }

  /** Whether it is frozen: its processes exist and do nothing. */
  public boolean paused() {
    return state.equals("paused");
  }
}
