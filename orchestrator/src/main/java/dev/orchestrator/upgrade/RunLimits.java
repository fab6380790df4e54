package dev.orchestrator.upgrade;

import dev.orchestrator.common.RefusedException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * What the runs of all stacks of a service share: how many build and copy at the same time, and the
 * disk space that each has found free and has not filled yet. Those who wait are served in the
 * order in which they came. Thread-safe.
 */
public final class RunLimits {

  /** The work that is bounded. */
  public enum Work {
    BUILD("build"),
    COPY("copy");

    private final String word;

    Work(String word) {
      this.word = word;
    }
  }

  /** The right to do a piece of work, until it is closed. */
  public interface Permit extends AutoCloseable {
    @Override
    void close();
  }

  private final Map<Work, Integer> most;
  private final Map<Work, List<String>> busy = new HashMap<>();
  private final Map<Work, Queue<Object>> waiting = new HashMap<>();
  private final Map<String, Long> reserved = new HashMap<>();

  public RunLimits(int builds, int copies) {
    most = Map.of(Work.BUILD, builds, Work.COPY, copies);
    for (Work work : Work.values()) {
      busy.put(work, new ArrayList<>());
      waiting.put(work, new ArrayDeque<>());
    }
  }

  /**
   * Waits until a piece of work may begin. The run's abort interrupts the wait; what is waited for
   * has deadlines of its own.
   *
   * @param stack the stack that it is for
   * @param progress is told which stacks it waits for
   */
  public Permit await(Work work, String stack, Consumer<String> progress) {
    Object ticket = new Object();
    Queue<Object> queue = waiting(work);
    synchronized (this) {
      queue.add(ticket);
    }
    try {
      String told = "";
      while (true) {
        String waitsFor;
        synchronized (this) {
          // What has begun is told, also when that was between the last look and this one.
          while (!mayBegin(work, ticket) && (told.equals(stacks(work)) || stacks(work).isEmpty())) {
            wait();
          }
          if (mayBegin(work, ticket)) {
            queue.remove(ticket);
            busy(work).add(stack);
            notifyAll();
            return () -> end(work, stack);
          }
          waitsFor = stacks(work);
        }
        progress.accept(
            "waits for the %s of stack %s (limits.%ss = %d)"
                .formatted(work.word, waitsFor, work.word, most(work)));
        told = waitsFor;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RefusedException("interrupted while it waited for the " + work.word, e);
    } finally {
      synchronized (this) {
        queue.remove(ticket);
        notifyAll();
      }
    }
  }

  /** Those that have the work. */
  private String stacks(Work work) {
    return String.join(", ", busy(work));
  }

  private boolean mayBegin(Work work, Object ticket) {
    return busy(work).size() < most(work) && ticket.equals(waiting(work).peek());
  }

  private synchronized void end(Work work, String stack) {
    boolean _ = busy(work).remove(stack);
    notifyAll();
  }

  private int most(Work work) {
    return most.getOrDefault(work, 1);
  }

  private List<String> busy(Work work) {
    return busy.getOrDefault(work, List.of());
  }

  private Queue<Object> waiting(Work work) {
    return waiting.getOrDefault(work, new ArrayDeque<>());
  }

  /** Bytes that the runs of other stacks have found free and have not filled yet. */
  public synchronized long reservedByOthers(String stack) {
    return reserved.entrySet().stream()
        .filter(entry -> !entry.getKey().equals(stack))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  /**
   * Reserves space for the run of a stack, in place of what the stack had reserved before, if it is
   * there beside what other stacks have reserved.
   *
   * @param needed bytes that the run is going to fill
   * @param free bytes that are free now and may be filled
   * @return false when they are not free; nothing is reserved then
   */
  synchronized boolean reserve(String stack, long needed, long free) {
    reserved.remove(stack);
    if (needed > free - reservedByOthers(stack)) {
      return false;
    }
    if (needed > 0) {
      reserved.put(stack, needed);
    }
    return true;
  }

  /** Gives up what a stack has reserved: it is filled, or is not needed any more. */
  public synchronized void release(String stack) {
    reserved.remove(stack);
  }
}
