package dev.orchestrator.engine;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Cuts a stream of bytes into lines, whatever pieces the bytes come in. A carriage return ends a
 * line too, so that a progress bar which rewrites its line is seen as it moves. One thread at a
 * time.
 */
final class LineSplitter {
  /** In bytes; the rest of a longer line becomes the next line. */
  private static final int LONGEST = 65_536;

  private final Consumer<String> line;
  private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
  private boolean afterReturn;

  LineSplitter(Consumer<String> line) {
    this.line = line;
  }

  void add(byte[] bytes) {
    for (byte b : bytes) {
      if (b == '\n' && afterReturn) {
        afterReturn = false;
        continue;
      }
      afterReturn = b == '\r';
      if (b == '\n' || b == '\r') {
        flush();
      } else {
        pending.write(b);
        if (pending.size() == LONGEST) {
          flush();
        }
      }
    }
  }

  /** Passes on what came after the last line end, if anything. */
  void end() {
    if (pending.size() > 0) {
      flush();
    }
  }

  private void flush() {
    String text = pending.toString(StandardCharsets.UTF_8);
    pending.reset();
    line.accept(text);
  }
}
