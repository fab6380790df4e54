package dev.orchestrator.engine;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.ExecStartCmd;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import dev.orchestrator.common.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
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
    return run(name, command, deadline, new ExecOutput(line), null);
  }

  /** The same for a command whose output is data. */
  ExecResult output(String name, List<String> command, Duration deadline, OutputStream out) {
    ExecOutput errors = new ExecOutput(line -> {});
    DataOutput output = new DataOutput(out, errors);
    ExecResult result = run(name, command, deadline, output, null);
    output.requireWritten();
    return result;
  }

  /** The same for a command that reads data. */
  ExecResult input(
      String name, List<String> command, Duration deadline, InputStream in, Consumer<String> line) {
    return run(name, command, deadline, new ExecOutput(line), in);
  }

  private ExecResult run(
      String name,
      List<String> command,
      Duration deadline,
      ResultCallback.Adapter<Frame> output,
      @Nullable InputStream in) {
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
                    .withAttachStdin(in != null)
                    .withAttachStdout(true)
                    .withAttachStderr(true)
                    .exec()
                    .getId());
    own.add(id);
    ExecStartCmd start = client.execStartCmd(id);
    calls.await(doing, end.remaining(), (in == null ? start : start.withStdIn(in)).exec(output));
    int code = calls.call(doing, end.remaining().plus(Duration.ofSeconds(5)), () -> exitCode(id));
    return switch (output) {
      case ExecOutput lines -> lines.result(code);
      case DataOutput data -> data.errors.result(code);
      default -> throw new IllegalStateException("another kind of output");
    };
  }

  /** Passes standard output on; an engine waits while it can't be written. */
  private static final class DataOutput extends ResultCallback.Adapter<Frame> {
    private final OutputStream out;
    private final ExecOutput errors;
    private volatile @Nullable IOException failure;

    DataOutput(OutputStream out, ExecOutput errors) {
      this.out = out;
      this.errors = errors;
    }

    @Override
    public void onNext(Frame frame) {
      if (frame.getStreamType() != StreamType.STDOUT) {
        errors.onNext(frame);
      } else if (failure == null) {
        try {
          out.write(frame.getPayload());
        } catch (IOException e) {
          failure = e;
          endEarly();
        }
      }
    }

    /** Ends the command: nobody reads what it would write. */
    private void endEarly() {
      try {
        close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void requireWritten() {
      IOException e = failure;
      if (e != null) {
        throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
      }
    }
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
