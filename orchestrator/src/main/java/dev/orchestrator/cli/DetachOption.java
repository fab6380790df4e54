package dev.orchestrator.cli;

import picocli.CommandLine.Option;

/** {@code --detach}: the command does not wait for what it has begun. */
final class DetachOption {
  @Option(
      names = "--detach",
      description = "Print the id of what was begun and return, instead of showing it.")
  private boolean requested;

  boolean requested() {
    return requested;
  }
}
