package dev.orchestrator.testing;

import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.ExecResult;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** What the processes in an {@link FakeEngine}'s containers do. */
public interface FakeBehaviour {

  /** Everything runs on, every command succeeds in silence. */
  public FakeBehaviour QUIET = new FakeBehaviour() {};

  /**
   * A container's own process, when it is started: its exit code, or empty where it runs on. {@code
   * line} is its log.
   */
  public default OptionalInt run(FakeEngine engine, ContainerSpec spec, Consumer<String> line) {
    return OptionalInt.empty();
  }

  /** A command in a running container. It may block: it is interrupted at the deadline. */
  public default ExecResult exec(
      FakeEngine engine, ContainerSpec spec, List<String> command, Consumer<String> line)
      throws InterruptedException {
    return new ExecResult(0, "", "");
  }
}
