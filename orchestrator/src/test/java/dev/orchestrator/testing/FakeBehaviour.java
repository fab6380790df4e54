package dev.orchestrator.testing;

import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.ExecResult;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** What the processes in an {@link FakeEngine}'s containers do. */
public interface FakeBehaviour {

  /** Containers run until they are stopped; every command succeeds without output. */
  public FakeBehaviour QUIET = new FakeBehaviour() {};

  /**
   * A container's main process at its start: its exit code, or empty where it keeps running. {@code
   * line} takes its log.
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

  /** The same for a command that reads: it reads nothing. */
  public default ExecResult execInput(
      FakeEngine engine,
      ContainerSpec spec,
      List<String> command,
      InputStream in,
      Consumer<String> line)
      throws InterruptedException, IOException {
    return exec(engine, spec, command, line);
  }
}
