package dev.orchestrator.engine;

import java.io.Closeable;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * A command that runs in a container, with both of its streams. One thread may read while another
 * writes. Closing it leaves the command: it sees the end of its input.
 */
public interface ExecStream extends Closeable {

  /** Its standard input; closing this ends the input, and leaves the output open. */
  OutputStream input();

  /**
   * Its standard output. What comes on its standard error goes to the listener while this is read.
   */
  InputStream output();

  /** Its exit code, once its output has ended. */
  int exitCode();

  @Override
  void close();
}
