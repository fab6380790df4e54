package dev.orchestrator.cli;

import picocli.CommandLine.Option;

/** {@code --json}: prints the API's answer, indented. Its fields do not change their meaning. */
final class JsonOption {
  @Option(names = "--json", description = "Print the API's answer as JSON, for scripts.")
  private boolean requested;

  boolean requested() {
    return requested;
  }
}
