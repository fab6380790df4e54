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
   * Runs the hooks before the quiesce, in order. A hook in a service that this version lacks, as
   * only the next one has it, becomes a note in the receipt.
   *
   * @throws DataException when a hook fails
   */
  public void runBefore(UpgradeRun run, Capsule capsule) {
    for (Hook hook : hooks(Hook.When.BEFORE)) {
      ExecResult result = capsule.exec(hook.service(), hook.command(), run.budget(hook.limit()));
      if (result.ok()) {
        continue;
      }
      if (!lacksService(capsule, hook, run.budget(context.briefTimeout()))) {
        throw new DataException(describe(hook) + ": " + result.errorLine());
      }
      addNote(run.id(), hook, noService(capsule));
    }
  }

  /**
   * Runs the hooks after the quiesce, in the candidate. Its services may still be starting, so that
   * each hook is repeated until it succeeds or its time is over: its limit, and its part of what is
   * left of the hold budget without the time for the health checks. A failure becomes a note in the
   * receipt.
   */
  public void runAfter(UpgradeRun run, Capsule capsule) {
    Deadline hold = run.holdDeadline;
    runAfter(run.id(), capsule, hold == null ? context.limits().hold() : hold.remaining());
  }

  /**
   * The same in an undo, in which the hold budget may be spent: it is bounded as if clients waited
   * from now on.
   */
  public void runAfter(String run, Capsule capsule) {
    runAfter(run, capsule, context.limits().hold());
  }

  private void runAfter(String run, Capsule capsule, Duration hold) {
    List<Hook> hooks = hooks(Hook.When.AFTER);
    Deadline all = Deadline.in(timeForHooks(hold, context.limits().verify().deadline()));
    for (int i = 0; i < hooks.size(); i++) {
      Hook hook = hooks.get(i);
      // A hook that fails to the end leaves the others their part.
      Duration part = all.remaining().dividedBy(hooks.size() - i);
      Optional<String> failure =
          part.isZero()
              ? Optional.of("not run, as nothing is left of the hold budget")
              : repeat(capsule, hook, part.compareTo(hook.limit()) < 0 ? part : hook.limit());
      if (Thread.currentThread().isInterrupted()) {
        return; // The run is aborted, or the service stops.
      }
      failure.ifPresent(why -> addNote(run, hook, why));
    }
  }

  /**
   * The part of the hold budget that hooks may take: the health checks keep their deadline, or half
   * of what is left if that is less.
   */
  static Duration timeForHooks(Duration left, Duration verifyDeadline) {
    Duration half = left.dividedBy(2);
    return left.minus(verifyDeadline.compareTo(half) < 0 ? verifyDeadline : half);
  }

  /** Runs a hook until it succeeds; the last failure where it does not. */
  private Optional<String> repeat(Capsule capsule, Hook hook, Duration limit) {
    Deadline deadline = Deadline.in(limit);
    Optional<String> failure = tryOnce(capsule, hook, deadline);
    boolean exists = false;
    while (failure.isPresent() && !deadline.passed() && !Thread.currentThread().isInterrupted()) {
      if (!exists && lacksService(capsule, hook, deadline.atMost(context.briefTimeout()))) {
        return Optional.of(noService(capsule));
      }
      exists = true;
      LockSupport.parkNanos(deadline.atMost(RETRY_PAUSE).toNanos());
      failure = tryOnce(capsule, hook, deadline);
    }
    return failure;
  }

  /** Whether the version certainly does not have the hook's service. */
  private static boolean lacksService(Capsule capsule, Hook hook, Duration limit) {
    try {
      return capsule.services(limit).stream()
          .noneMatch(service -> service.service().equals(hook.service()));
    } catch (CapsuleException | EngineException e) {
      return false;
    }
  }

  private static String noService(Capsule capsule) {
    return "not run, as there is no such service in " + capsule.name();
  }

  private void addNote(String run, Hook hook, String why) {
    context.log().receipt(run).note(describe(hook) + ": " + why);
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
