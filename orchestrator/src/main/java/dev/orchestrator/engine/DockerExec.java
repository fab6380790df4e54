package dev.orchestrator.engine;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import dev.orchestrator.common.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Runs commands in running containers, and reads containers' logs. */
final class DockerExec {
  private final EngineConnection connection;
  private final DockerClient client;
  private final TimedCalls calls;
  private final OwnCommands own;

  DockerExec(EngineConnection connection, OwnCommands own) {
    this.own = own;
    this.connection = connection;
    this.client = connection.client();
    this.calls = connection.calls();
  }

  ExecResult exec(String name, List<String> command, Duration deadline, Consumer<String> line) {
    Deadline end = Deadline.in(deadline);
    String doing = "running %s in container %s".formatted(command.getFirst(), name);
    String id =
        calls.call(
            doing,
            deadline,
            () ->
                client
                    .execCreateCmd(name)
                    .withCmd(command.toArray(String[]::new))
                    .withAttachStdout(true)
                    .withAttachStderr(true)
                    .exec()
                    .getId());
    own.add(id);
    ExecOutput output = new ExecOutput(line);
    calls.await(doing, end.remaining(), client.execStartCmd(id).exec(output));
    int code = calls.call(doing, end.remaining().plus(Duration.ofSeconds(5)), () -> exitCode(id));
    return output.result(code);
  }

  ExecStream open(String name, List<String> command, Consumer<String> errorLine) {
    String doing = "running %s in container %s".formatted(command.getFirst(), name);
    return calls.call(
        doing,
        TimedCalls.SHORT,
        () -> {
          String id =
              client
                  .execCreateCmd(name)
                  .withCmd(command.toArray(String[]::new))
                  .withAttachStdin(true)
                  .withAttachStdout(true)
                  .withAttachStderr(true)
                  .exec()
                  .getId();
          own.add(id);
          return RawExecStream.start(
              connection.address(),
              connection.tls(),
              "/v%s/exec/%s/start".formatted(connection.api(), id),
              errorLine,
              () -> calls.call(doing, TimedCalls.SHORT, () -> exitCode(id)));
        });
  }

  /** Waits for the exit code: the output may end a moment before the engine has it. */
  private int exitCode(String id) throws InterruptedException {
    while (true) {
      @Nullable Long code = client.inspectExecCmd(id).exec().getExitCodeLong();
      if (code != null) {
        return code.intValue();
      }
      Thread.sleep(Duration.ofMillis(10));
    }
  }

  List<String> logs(String name, int tail) {
    List<String> lines = new ArrayList<>();
    LineSplitter splitter = new LineSplitter(lines::add);
    calls.await(
        "reading the log of container " + name,
        TimedCalls.SHORT,
        client
            .logContainerCmd(name)
            .withStdOut(true)
            .withStdErr(true)
            .withTail(tail)
            .exec(
                new ResultCallback.Adapter<Frame>() {
                  @Override
                  public void onNext(Frame frame) {
                    splitter.add(frame.getPayload());
                  }
                }));
    splitter.end();
    return List.copyOf(lines);
  }
}
