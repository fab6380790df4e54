package dev.orchestrator.testing;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.stack.Control;
import dev.orchestrator.upgrade.EventHub;
import dev.orchestrator.upgrade.RunEvent;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Follows runs of a service in this process. */
public final class RunWatcher {
  private static final long LIMIT_MINUTES = 15;

  private RunWatcher() {}

  /** Waits for the end of a run and passes its events to a listener; returns the receipt. */
  public static Receipt await(Control control, String run, Consumer<RunEvent> listener)
      throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    try (EventHub.Subscription _ =
        control.watch(
            run,
            event -> {
              listener.accept(event);
              if (event.phase().equals("end")) {
                ended.countDown();
              }
            })) {
      if (!ended.await(LIMIT_MINUTES, TimeUnit.MINUTES)) {
        throw new AssertionError(run + " did not end: " + control.receipt(run));
      }
    }
    return control.receipt(run);
  }

  /** A listener that runs an action when a step reaches a phase. */
  public static Consumer<RunEvent> onPhase(String step, String phase, Runnable action) {
    return event -> {
      if (event.step().equals(step) && event.phase().equals(phase)) {
        action.run();
      }
    };
  }
}
