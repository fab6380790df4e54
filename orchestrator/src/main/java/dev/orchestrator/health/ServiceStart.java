package dev.orchestrator.health;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The start of a capsule's services on a thread of its own, so that the services can be looked at
 * meanwhile. Closing it ends the wait for the start, not the start itself: a stop of the services
 * does that. For one thread.
 */
final class ServiceStart implements AutoCloseable {
  private final CompletableFuture<Boolean> done = new CompletableFuture<>();
  private final Thread thread;
  private boolean left;

  ServiceStart(Capsule capsule, Runnable request) {
    thread =
        Thread.ofVirtual()
            .name("start " + capsule.name())
            .start(() -> {
              try {
                request.run();
                done.complete(true);
              } catch (RuntimeException | Error e) {
                done.completeExceptionally(e);
              }
            });
  }

  /** Whether it has ended, well or not, or ends within that time. */
  boolean isDone(Duration within) {
    try {
      done.get(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HealthException("waiting for the start of the services was interrupted");
    }
    return true;
  }

  /** Why the start has failed; null when it has not, or not yet. */
  @Nullable CapsuleException failure() {
    if (!done.isCompletedExceptionally()) {
      return null;
    }
    return switch (done.exceptionNow()) {
      case CapsuleException e -> e;
      case RuntimeException e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    };
  }

  /** Lets the start go on when this is closed. */
  void leave() {
    left = true;
  }

  @Override
  public void close() {
    if (!left) {
      thread.interrupt();
    }
  }
}
