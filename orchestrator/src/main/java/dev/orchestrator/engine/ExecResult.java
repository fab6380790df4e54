package dev.orchestrator.engine;

import dev.orchestrator.common.OutputText;

/** The exit code and the output of a command that ran in a container. */
public record ExecResult(int exitCode, String stdout, String stderr) {

  public boolean ok() {
    return exitCode == 0;
  }

  /**
   * The line that says why the command failed, for a message: of standard error if it wrote there,
   * else of standard output.
   */
  public String errorLine() {
    String line = OutputText.tellingLine(stderr.isBlank() ? stdout : stderr);
    return line.isEmpty() ? "no output" : line;
  }
}
