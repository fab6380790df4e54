package dev.orchestrator.stack;

import dev.orchestrator.upgrade.Saga;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Runs runs, one at a time: the journal accepts no second one. */
public final class RunExecutor {
  private final Saga saga;
  private final ServingSupervisor keeper;
  private final RollbackService backward;
  private final Executor threads;
  private volatile @Nullable UpgradeRun current;

  RunExecutor(Saga saga, ServingSupervisor keeper, RollbackService backward, Executor threads) {
    this.saga = saga;
    this.keeper = keeper;
    this.backward = backward;
    this.threads = threads;
  }

  /** The run that is under way in this process. */
  public @Nullable UpgradeRun current() {
    return current;
  }

  /** Starts one on a thread of its own. */
  void start(UpgradeRun run, List<Step> steps) {
    current = run;
    threads.execute(() -> run(run, () -> saga.execute(run, steps)));
  }

  /** Runs one on this thread. */
  void run(UpgradeRun run, Runnable work) {
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
    backward
        .fallBack(run)
        .ifPresent(second -> run(second, () -> saga.execute(second, second.steps)));
  }
}
