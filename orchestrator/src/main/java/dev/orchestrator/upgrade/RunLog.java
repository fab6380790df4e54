package dev.orchestrator.upgrade;

import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.ReceiptWriter;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.traffic.Traffic;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a run's lines to the journal, to the log and to watchers, and the attachments that its
 * receipt is made of. Confined to the run's thread.
 */
public final class RunLog {
  private static final Logger log = LoggerFactory.getLogger(RunLog.class);

  private final Journal journal;
  private final EventHub events;
  private final Traffic traffic;

  RunLog(Journal journal, EventHub events, Traffic traffic) {
    this.journal = journal;
    this.events = events;
    this.traffic = traffic;
  }

  /** A phase as events name it. */
  static String textOf(Phase phase) {
    return phase.name().toLowerCase(Locale.ROOT);
  }

  /** Writes a line to the journal, durable on return. */
  void write(UpgradeRun run, Step step, Phase phase, String detail) {
    run.control.requireNotCutOff();
    publishLine(run, journal.append(run.id(), step.id(), phase, detail));
  }

  /**
   * Like {@link #write}, but goes on when the journal can't be written. For undoing: the journal
   * has the intents, undoing a step twice does no harm, and clients wait.
   */
  void tryWrite(UpgradeRun run, Step step, Phase phase, String detail) {
    try {
      write(run, step, phase, detail);
    } catch (JournalException e) {
      log.error("{} {} {} {}: {}", run.id(), step.id(), phase, detail, e.getMessage());
      events.publish(run.id(), step.id(), textOf(phase), detail);
    }
  }

  private void publishLine(UpgradeRun run, StepRecord line) {
    log.info("{} {} {} {}", run.id(), line.step(), line.phase(), line.detail());
    events.publishLine(run.id(), line.sequence(), line.step(), textOf(line.phase()), line.detail());
  }

  /** Publishes a progress line to watchers; the journal does not keep it. */
  void progress(UpgradeRun run, Step step, String line) {
    events.publish(run.id(), step.id(), "progress", line);
  }

  void end(UpgradeRun run, Outcome outcome, String why) {
    run.control.requireNotCutOff();
    journal.end(run.id(), outcome, why);
    publishEnd(run, outcome, why);
  }

  /** Ends a run whose version serves, or that has found out or made what it was to. */
  void succeed(UpgradeRun run) {
    run.control.requireNotCutOff();
    if (run.makesSnapshot() || run.provesSnapshot() || run.rehearsesOnly()) {
      journal.end(run.id(), Outcome.DONE, "");
    } else if (run.record.returnsToOriginal()) {
      journal.succeed(run.id(), run.record.toVersion());
    } else if (run.record.kind() == Kind.ROLLBACK && run.blue != null) {
      journal.succeed(run.id(), run.blue(), "rolled back by hand, " + run.id());
    } else {
      journal.succeed(run.id(), run.green().version());
    }
    publishEnd(run, Outcome.DONE, "");
  }

  private void publishEnd(UpgradeRun run, Outcome outcome, String why) {
    log.info(
        "{} {} -> {}: {} {}", run.id(), run.record.kind(), run.record.toVersion(), outcome, why);
    String text = journal.upgrade(run.id()).map(UpgradeRecord::outcomeText).orElseThrow();
    events.publish(run.id(), text, "end", why);
  }

  /** The writer of a run's receipt. */
  public ReceiptWriter receipt(String run) {
    return new ReceiptWriter(journal, run);
  }

  /** Records in the receipt how long clients waited since the hold and how connections ended. */
  public void recordTraffic(UpgradeRun run) {
    Receipt.Traffic observed = traffic.trafficSinceHold();
    receipt(run.id())
        .traffic(
            new Receipt.Traffic(
                observed.held(),
                observed.longestHoldMillis(),
                observed.p99HoldMillis(),
                observed.refused(),
                run.drainResult.ended(),
                run.drainResult.cut()));
  }
}
