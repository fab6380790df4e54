package dev.orchestrator.engine;

import java.util.List;

/**
 * How the commands of a build run.
 *
 * @param network {@code host} or {@code none}; empty for the engine's usual one
 * @param extraHosts additional names, each as {@code NAME:ADDRESS}
 * @param sharedMemory size of /dev/shm in bytes; 0 for the engine's usual one
 */
public record BuildOptions(String network, List<String> extraHosts, long sharedMemory) {
  /** As the engine has them. */
  public static final BuildOptions NONE = new BuildOptions("", List.of(), 0);

  public BuildOptions {
    extraHosts = List.copyOf(extraHosts);
  }
}
