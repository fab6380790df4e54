package dev.orchestrator.proxy.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The processor time that a process and its descendants have used, also those that have ended: a
 * worker that leaves after a reload takes nothing of the sum with it.
 */
final class ProcessorTime {
  // The places behind the command's closing bracket, see proc_pid_stat(5).
  private static final int USER = 11;
  private static final int SYSTEM = 12;
  private static final int USER_OF_ENDED_CHILDREN = 13;
  private static final int SYSTEM_OF_ENDED_CHILDREN = 14;

  private static final long TICKS_A_SECOND = 100;
  private static final long NANOS_A_TICK = TimeUnit.SECONDS.toNanos(1) / TICKS_A_SECOND;

  /**
   * The times of one process.
   *
   * @param own of its threads, in ticks
   * @param endedChildren of children that have ended and their descendants, in ticks
   */
  private record Times(long own, long endedChildren) {
    static Times of(long pid) throws IOException {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return new Times(
          Long.parseLong(fields[USER]) + Long.parseLong(fields[SYSTEM]),
          Long.parseLong(fields[USER_OF_ENDED_CHILDREN])
              + Long.parseLong(fields[SYSTEM_OF_ENDED_CHILDREN]));
    }
  }

  private ProcessorTime() {}

  /** Of a process that runs, in nanoseconds. */
  static long nanos(Process process) throws IOException {
    while (true) {
      long before = endedChildren(process);
      try {
        long ticks = 0;
        for (long pid : pids(process)) {
          Times times = Times.of(pid);
          ticks += times.own() + times.endedChildren();
        }
        // A child that has ended meanwhile may be in the sum twice, or not at all.
        if (endedChildren(process) == before) {
          return ticks * NANOS_A_TICK;
        }
      } catch (NoSuchFileException e) {
        // It has ended since its number was read: its parent has its time the next time.
        if (!process.isAlive()) {
          throw e;
        }
      }
    }
  }

  private static long endedChildren(Process process) throws IOException {
    return Times.of(process.pid()).endedChildren();
  }

  /** The numbers of a process and its descendants. */
  static List<Long> pids(Process process) {
    return Stream.concat(Stream.of(process.toHandle()), process.descendants())
        .map(ProcessHandle::pid)
        .toList();
  }
}
