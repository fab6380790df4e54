package dev.orchestrator.engine;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** What the processes in an {@link InMemoryEngine}'s containers do. */
public interface Behaviour {

  /** Everything runs on, every command succeeds in silence. */
  Behaviour QUIET = new Behaviour() {};

  /**
   * A container's own process, when it is started: its exit code, or empty where it runs on. {@code
   * line} is its log.
   */
  default OptionalInt run(InMemoryEngine engine, ContainerSpec spec, Consumer<String> line) {
    return OptionalInt.empty();
  }

  /** A command in a running container. It may block: it is interrupted at the deadline. */
  default ExecResult exec(
      InMemoryEngine engine, ContainerSpec spec, List<String> command, Consumer<String> line)
      throws InterruptedException {
    return new ExecResult(0, "", "");
  }
}
