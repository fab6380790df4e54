package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.settings.Hook;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** Runs the stack's hook commands in its services, before and after they are quiesced. Blocks. */
public final class ServiceHooks {
  private static final Duration RETRY_PAUSE = Duration.ofMillis(250);

  private final UpgradeContext context;

  ServiceHooks(UpgradeContext context) {
    this.context = context;
  }

  /**
   * Runs the hooks before the quiesce, in order.
   *
   * @throws DataException when a hook fails
   */
  public void runBefore(UpgradeRun run, Capsule capsule) {
    for (Hook hook : hooks(Hook.When.BEFORE)) {
      ExecResult result = capsule.exec(hook.service(), hook.command(), run.budget(hook.limit()));
      if (!result.ok()) {
        throw new DataException(describe(hook) + ": " + result.errorLine());
      }
    }
  }

  /**
   * Runs the hooks after the quiesce, in the version that goes on. Its services may still be
   * starting, so that each hook is repeated until it succeeds or its limit has passed. A failure
   * becomes a note in the receipt.
   */
  public void runAfter(String run, Capsule capsule) {
    for (Hook hook : hooks(Hook.When.AFTER)) {
      Optional<String> failure;
      Deadline deadline = Deadline.in(hook.limit());
      do {
        failure = tryOnce(capsule, hook, deadline);
        if (failure.isPresent()) {
          LockSupport.parkNanos(deadline.atMost(RETRY_PAUSE).toNanos());
        }
      } while (failure.isPresent() && !deadline.passed());
      failure.ifPresent(why -> context.log().receipt(run).note(describe(hook) + ": " + why));
    }
  }

  private static Optional<String> tryOnce(Capsule capsule, Hook hook, Deadline deadline) {
    try {
      ExecResult result = capsule.exec(hook.service(), hook.command(), deadline.remaining());
      return result.ok() ? Optional.empty() : Optional.of(result.errorLine());
    } catch (CapsuleException | EngineException e) {
      return Optional.of(e.getMessage() + "");
    }
  }

  private List<Hook> hooks(Hook.When when) {
    return context.dataSettings().hooks().stream().filter(hook -> hook.when() == when).toList();
  }

  private static String describe(Hook hook) {
    return "hook %s in service %s (%s)"
        .formatted(
            hook.when() == Hook.When.BEFORE ? "before" : "after",
            hook.service(),
            String.join(" ", hook.command()));
  }
}
