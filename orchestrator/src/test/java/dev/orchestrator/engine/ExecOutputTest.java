package dev.orchestrator.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import org.junit.jupiter.api.Test;

final class ExecOutputTest {
  private static final int MIB = 1 << 20;

  private final ExecOutput output = new ExecOutput(_ -> {});

  private void says(StreamType stream, String text) {
    output.onNext(new Frame(stream, text.getBytes(UTF_8)));
  }

  @Test
  void bothStreamsAreKeptApart() {
    says(StreamType.STDOUT, "one\ntw");
    says(StreamType.STDERR, "a warning\n");
    says(StreamType.STDOUT, "o\n");
    assertEquals(new ExecResult(3, "one\ntwo\n", "a warning\n"), output.result(3));
  }

  /** A hook may print a whole database dump; a message needs the end of it. */
  @Test
  void theEndOfALongOutputIsKept() {
    String line = "x".repeat(MIB - 1) + "\n";
    for (int i = 0; i < 100; i++) {
      says(StreamType.STDOUT, line);
    }
    says(StreamType.STDOUT, "access denied\n");
    ExecResult result = output.result(1);
    assertEquals("access denied", result.errorLine());
    assertTrue(result.stdout().length() <= 32 * MIB, result.stdout().length() + " bytes");
  }
}
