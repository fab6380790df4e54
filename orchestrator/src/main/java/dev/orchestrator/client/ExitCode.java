package dev.orchestrator.client;

import dev.orchestrator.journal.Receipt;

/** The exit codes of the commands. Scripts rely on these numbers. */
public final class ExitCode {
  public static final int DONE = 0;
  public static final int INTERNAL = 1;
  public static final int USAGE = 2;
  public static final int REFUSED = 3;
  public static final int ROLLED_BACK = 4;

  /** Exit code of {@code drill} when a part of it failed. */
  public static final int DRILL_FAILED = 4;

  public static final int NEEDS_ATTENTION = 5;
  public static final int UNREACHABLE = 6;

  private ExitCode() {}

  /** The exit code that tells how a run has ended. */
  public static int of(Receipt receipt) {
    return switch (receipt.upgrade().outcome()) {
      case RUNNING, DONE -> DONE;
      case REFUSED -> REFUSED;
      case ROLLED_BACK -> ROLLED_BACK;
      case NEEDS_ATTENTION -> NEEDS_ATTENTION;
    };
  }
}
