package dev.orchestrator.cli;

import picocli.CommandLine.Option;

/** {@code --json}: the API's own answer, indented. Its fields are kept from version to version. */
final class JsonOption {
  @Option(names = "--json", description = "Print JSON, for scripts.")
  private boolean given;

  boolean given() {
    return given;
  }
}
