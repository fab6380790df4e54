package dev.orchestrator.upgrade;

import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host that a stack was moved to, and that is gone for good: the stack serves again from what was
 * kept here. Should that host come back, its capsule is stopped, so that never two serve.
 */
public final class LostHost {
  private static final Logger log = LoggerFactory.getLogger(LostHost.class);

  /** Key in the journal, with the run: the number of the generation that is lost. */
  private static final String KEY = "lost-generation";

  /** The same: that its capsule was found and stopped. */
  private static final String STOPPED_KEY = "lost-generation-stopped";

  private final UpgradeContext context;

  LostHost(UpgradeContext context) {
    this.context = context;
  }

  /** What a person may do whose other host does not answer. */
  public static String advice(RemoteEngine where) {
    return "if %s is gone for good, 'orchestrator rollback --lost' serves here again, with the data as of the move: what was written there since is lost"
        .formatted(where.address());
  }

  /** Attachments of the rollback from a lost host. */
  public static Map<String, String> attachments(Generation lost) {
    return Map.of(KEY, Integer.toString(lost.number()));
  }

  /** Whether a run is the rollback from a lost host, which asks that host for nothing. */
  public static boolean isRollback(UpgradeRecord run) {
    return run.kind() == Kind.ROLLBACK && run.from() == null && !run.returnsToOriginal();
  }

  /** The generation that a run gives up; empty for all other runs. */
  public Optional<Generation> of(UpgradeRecord run) {
    if (!isRollback(run)) {
      return Optional.empty();
    }
    return context
        .journal()
        .attachment(run.id(), KEY)
        .flatMap(number ->
            context.journal().generations().stream()
                .map(GenerationRecord::generation)
                .filter(generation -> generation.number() == Integer.parseInt(number))
                .findFirst());
  }

  /** The loss, in words. */
  public String describe(Generation lost) {
    RemoteEngine where = Objects.requireNonNull(lost.elsewhere());
    return "what was written on %s since %s is not here: it is lost, unless that host comes back (volume %s there)"
        .formatted(
            where.address(), context.changes().servingSince(lost), Retention.volumeNames(lost));
  }

  /**
   * Stops the capsules of lost hosts that have come back. Waits for those that have not: not to be
   * called on a thread that has something else to do.
   */
  public void stopThoseThatCameBack() {
    if (context.journal().presentElsewhere().isEmpty()) {
      return;
    }
    for (UpgradeRecord run : context.journal().history()) {
      if (run.outcome() == Outcome.DONE
          && isRollback(run)
          && context.journal().attachment(run.id(), STOPPED_KEY).isEmpty()) {
        of(run).filter(this::isSetAside).ifPresent(lost -> stop(run, lost));
      }
    }
  }

  private boolean isSetAside(Generation lost) {
    return context.journal().generations().stream()
        .filter(row -> row.generation().number() == lost.number())
        .anyMatch(row -> row.state() == State.SET_ASIDE || row.state() == State.SNAPSHOT);
  }

  private void stop(UpgradeRecord run, Generation lost) {
    try {
      if (context.ownerClaim().isTakenOver(lost)) {
        log.warn(
            "{} has come back, and its orchestrator has taken {} over: it may serve there, too",
            Objects.requireNonNull(lost.elsewhere()).address(),
            lost.container());
      } else {
        Optional<ContainerInfo> found = context.engine().container(lost.container());
        if (found.filter(ContainerInfo::running).isPresent()) {
          context.engine().stopContainer(lost.container(), UpgradeContext.STOP_TIMEOUT);
          log.warn("{} has come back with its host, and is stopped", lost.container());
        }
      }
      context.journal().attach(run.id(), STOPPED_KEY, "");
    } catch (EngineException e) {
      log.debug("{} is still away: {}", lost.container(), e.getMessage());
    }
  }
}
