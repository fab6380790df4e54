package dev.orchestrator.cli;

import dev.orchestrator.journal.Receipt;

/** What a command's exit code says. Scripts rely on these numbers. */
final class ExitCode {
  static final int DONE = 0;
  static final int INTERNAL = 1;
  static final int USAGE = 2;
  static final int REFUSED = 3;
  static final int ROLLED_BACK = 4;
  static final int NEEDS_ATTENTION = 5;
  static final int UNREACHABLE = 6;

  private ExitCode() {}

  /** Of a run that has ended. A run that fails in its preflight has changed nothing. */
  static int of(Receipt receipt) {
    return switch (receipt.upgrade().outcome()) {
      case RUNNING, DONE -> DONE;
      case ROLLED_BACK -> refusedByPreflight(receipt) ? REFUSED : ROLLED_BACK;
      case NEEDS_ATTENTION -> NEEDS_ATTENTION;
    };
  }

  private static boolean refusedByPreflight(Receipt receipt) {
    return receipt.steps().stream()
        .anyMatch(
            step -> step.step().equals("preflight") && step.phase().equalsIgnoreCase("failed"));
  }
}
