package dev.orchestrator.engine;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Collects the output of a command, of much output the end alone, and passes on each line of
 * standard output as it comes.
 */
final class ExecOutput extends ResultCallback.Adapter<Frame> {
  /** For each of the two streams: a hook may print a whole database dump. */
  private static final int MOST_BYTES = 32 << 20;

  private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
  private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
  private final LineSplitter lines;

  ExecOutput(Consumer<String> line) {
    this.lines = new LineSplitter(line);
  }

  @Override
  public void onNext(Frame frame) {
    byte[] bytes = frame.getPayload();
    if (frame.getStreamType() == StreamType.STDERR) {
      keep(stderr, bytes);
    } else {
      keep(stdout, bytes);
      lines.add(bytes);
    }
  }

  private static void keep(ByteArrayOutputStream all, byte[] bytes) {
    if (all.size() + bytes.length > MOST_BYTES) {
      all.reset(); // a message quotes the end
    }
    all.writeBytes(bytes);
  }

  /** To be called once, after the stream has ended. */
  ExecResult result(int exitCode) {
    lines.end();
    return new ExecResult(
        exitCode, stdout.toString(StandardCharsets.UTF_8), stderr.toString(StandardCharsets.UTF_8));
  }
}
