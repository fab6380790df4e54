package dev.orchestrator.upgrade;

import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Runs runs, one at a time: the journal accepts no second one. */
final class Runner {
  private final Saga saga;
  private final Keeper keeper;
  private final Executor threads;
  private volatile @Nullable Run current;

  Runner(Saga saga, Keeper keeper, Executor threads) {
    this.saga = saga;
    this.keeper = keeper;
    this.threads = threads;
  }

  /** The run that is under way in this process. */
  @Nullable Run current() {
    return current;
  }

  /** Starts one on a thread of its own. */
  void start(Run run, List<Step> steps) {
    current = run;
    threads.execute(() -> run(run, () -> saga.execute(run, steps)));
  }

  /** Runs one on this thread. */
  void run(Run run, Runnable work) {
    current = run;
    try {
      if (!run.holds()) {
        // Nothing serves: what is brought up is the run's from the beginning.
        boolean _ = keeper.hand();
      }
      work.run();
    } finally {
      current = null;
      keeper.back();
    }
  }
}
