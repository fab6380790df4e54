package dev.orchestrator.engine;

/** How a command in a container ended. */
public record ExecResult(int exitCode, String stdout, String stderr) {

  public boolean ok() {
    return exitCode == 0;
  }

  /** What it said last, one line, for a message: standard error before standard output. */
  public String lastWords() {
    String text = stderr.isBlank() ? stdout : stderr;
    return text.isBlank() ? "no output" : text.strip().lines().toList().getLast();
  }
}
