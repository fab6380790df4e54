package dev.orchestrator.upgrade;

import dev.orchestrator.adopt.Original;
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

/**
 * Runs the stack's hook commands in its services, before and after they are quiesced: in a capsule,
 * or in the containers of the compose project that is adopted. Blocks.
 */
public final class ServiceHooks {
  /** Where the services are. */
  interface Place {
    String name();

    /** Runs a command in a service's container. */
    ExecResult exec(String service, List<String> command, Duration limit);

    /** Whether there certainly is no such service. */
    boolean lacks(String service, Duration limit);
  }

  private record InCapsule(Capsule capsule) implements Place {
    @Override
    public String name() {
      return capsule.name();
    }

    @Override
    public ExecResult exec(String service, List<String> command, Duration limit) {
      return capsule.exec(service, command, limit);
    }

    @Override
    public boolean lacks(String service, Duration limit) {
      try {
        return capsule.services(limit).stream().noneMatch(each -> each.service().equals(service));
      } catch (CapsuleException | EngineException e) {
        return false;
      }
    }
  }

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
    runBefore(run, new InCapsule(capsule));
  }

  /** The same in the project that is adopted, before its containers are stopped. */
  public void runBefore(UpgradeRun run, Original original) {
    runBefore(run, context.originals().placeOf(original));
  }

  private void runBefore(UpgradeRun run, Place place) {
    for (Hook hook : hooks(Hook.When.BEFORE)) {
      ExecResult result = place.exec(hook.service(), hook.command(), run.budget(hook.limit()));
      if (result.ok()) {
        continue;
      }
      if (!place.lacks(hook.service(), run.budget(context.briefTimeout()))) {
        throw new DataException(describe(hook) + ": " + result.errorLine());
      }
      addNote(run.id(), hook, noService(place));
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
    runAfter(
        run.id(),
        new InCapsule(capsule),
        hold == null ? context.limits().hold() : hold.remaining());
  }

  /**
   * The same in an undo, in which the hold budget may be spent: it is bounded as if clients waited
   * from now on.
   */
  public void runAfter(String run, Capsule capsule) {
    runAfter(run, new InCapsule(capsule), context.limits().hold());
  }

  /** The same in the project that serves again, when its containers have been started. */
  public void runAfter(UpgradeRun run, Original original) {
    runAfter(run.id(), context.originals().placeOf(original), context.limits().hold());
  }

  private void runAfter(String run, Place place, Duration hold) {
    List<Hook> hooks = hooks(Hook.When.AFTER);
    Deadline all = Deadline.in(timeForHooks(hold, context.limits().verify().deadline()));
    for (int i = 0; i < hooks.size(); i++) {
      Hook hook = hooks.get(i);
      // A hook that fails to the end leaves the others their part.
      Duration part = all.remaining().dividedBy(hooks.size() - i);
      Optional<String> failure =
          part.isZero()
              ? Optional.of("not run, as nothing is left of the hold budget")
              : repeat(place, hook, part.compareTo(hook.limit()) < 0 ? part : hook.limit());
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
  private Optional<String> repeat(Place place, Hook hook, Duration limit) {
    Deadline deadline = Deadline.in(limit);
    Optional<String> failure = tryOnce(place, hook, deadline);
    boolean exists = false;
    while (failure.isPresent() && !deadline.passed() && !Thread.currentThread().isInterrupted()) {
      if (!exists && place.lacks(hook.service(), deadline.atMost(context.briefTimeout()))) {
        return Optional.of(noService(place));
      }
      exists = true;
      LockSupport.parkNanos(deadline.atMost(RETRY_PAUSE).toNanos());
      failure = tryOnce(place, hook, deadline);
    }
    return failure;
  }

  private static String noService(Place place) {
    return "not run, as there is no such service in " + place.name();
  }

  private void addNote(String run, Hook hook, String why) {
    context.log().receipt(run).note(describe(hook) + ": " + why);
  }

  private static Optional<String> tryOnce(Place place, Hook hook, Deadline deadline) {
    try {
      ExecResult result = place.exec(hook.service(), hook.command(), deadline.remaining());
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
