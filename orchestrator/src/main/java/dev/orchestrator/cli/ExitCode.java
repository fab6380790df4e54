package dev.orchestrator.cli;

import dev.orchestrator.journal.Receipt;

/** What a command's exit code says. Scripts rely on these numbers. */
final class ExitCode {
  static final int DONE = 0;
  static final int INTERNAL = 1;
  static final int USAGE = 2;
  static final int REFUSED = 3;
  static final int ROLLED_BACK = 4;

  /** Of a drill: something in it failed. */
  static final int DRILL_FAILED = 4;

  static final int NEEDS_ATTENTION = 5;
  static final int UNREACHABLE = 6;

  private ExitCode() {}

  /** Of a run that has ended. */
  static int of(Receipt receipt) {
    return switch (receipt.upgrade().outcome()) {
      case RUNNING, DONE -> DONE;
      case REFUSED -> REFUSED;
      case ROLLED_BACK -> ROLLED_BACK;
      case NEEDS_ATTENTION -> NEEDS_ATTENTION;
    };
  }
}
