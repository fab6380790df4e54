package dev.orchestrator.engine;

import com.github.dockerjava.api.async.ResultCallbackTemplate;
import dev.orchestrator.engine.EngineException.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Gives every engine call a deadline and its failures a clear line. The client library ignores its
 * response time-out on Unix sockets, so a call runs on a virtual thread of its own, which is
 * interrupted when the time is over. Thread-safe.
 */
final class TimedCalls {
  /** For a call that the engine answers from memory, with room for a host under load. */
  static final Duration SHORT = Duration.ofMinutes(1);

  /** For a call that moves or deletes data on the engine's host. */
  static final Duration LONG = Duration.ofMinutes(10);

  private final EngineFailures failures;

  TimedCalls(EngineFailures failures) {
    this.failures = failures;
  }

  /** A call without a result. */
  interface Action {
    void run() throws Exception;
  }

  void run(String doing, Duration deadline, Action action) {
    call(
        doing,
        deadline,
        () -> {
          action.run();
          return true;
        });
  }

  <T> T call(String doing, Duration deadline, Callable<T> body) {
    FutureTask<T> task = new FutureTask<>(body);
    Thread.ofVirtual().name("engine: " + doing).start(task);
    try {
      return task.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      task.cancel(true);
      throw timeout(doing, deadline, e);
    } catch (InterruptedException e) {
      task.cancel(true);
      throw interrupted(doing, e);
    } catch (ExecutionException e) {
      throw failures.of(doing, e.getCause() == null ? e : e.getCause());
    }
  }

  /** Waits for the end of a stream that a callback reads; closes the stream in any case. */
  void await(String doing, Duration deadline, ResultCallbackTemplate<?, ?> stream) {
    try (stream) {
      if (!stream.awaitCompletion(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
        throw timeout(doing, deadline, null);
      }
    } catch (InterruptedException e) {
      throw interrupted(doing, e);
    } catch (IOException | RuntimeException e) {
      throw failures.of(doing, e);
    }
  }

  EngineFailures failures() {
    return failures;
  }

  static EngineException interrupted(String doing, InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new EngineException(Kind.INTERRUPTED, doing + ": interrupted", cause);
  }

  static EngineException timeout(String doing, Duration deadline, @Nullable Throwable cause) {
    return new EngineException(
        Kind.TIMEOUT,
        "%s: not done within %s; is the engine's host overloaded?"
            .formatted(doing, seconds(deadline)),
        cause);
  }

  private static String seconds(Duration d) {
    return d.toMillis() % 1000 == 0 ? d.toSeconds() + " s" : d.toMillis() + " ms";
  }
}
