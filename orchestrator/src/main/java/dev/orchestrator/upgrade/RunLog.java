package dev.orchestrator.upgrade;

import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.ReceiptWriter;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.traffic.Traffic;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is told of a run: its lines, into the journal, the log and to those who watch, and what its
 * receipt says beside them. On the run's thread.
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

  /** The word for a phase in events. */
  static String textOf(Phase phase) {
    return phase.name().toLowerCase(Locale.ROOT);
  }

  /** The word for an outcome in events and on the terminal. */
  static String textOf(Outcome outcome) {
    return outcome.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** Durable when it returns. */
  void write(UpgradeRun run, Step step, Phase phase, String detail) {
    run.control.requireNotCutOff();
    publishLine(run, journal.append(run.id(), step.id(), phase, detail));
  }

  /**
   * The same, also when the journal can't be written. For undoing: the journal has the intents, a
   * step that is undone twice does no harm, and clients wait.
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

  /** A line for those who watch; no journal keeps it. */
  void progress(UpgradeRun run, Step step, String line) {
    events.publish(run.id(), step.id(), "progress", line);
  }

  void end(UpgradeRun run, Outcome outcome, String why) {
    run.control.requireNotCutOff();
    journal.end(run.id(), outcome, why);
    log.info(
        "{} {} -> {}: {} {}", run.id(), run.record.kind(), run.record.toVersion(), outcome, why);
    events.publish(run.id(), textOf(outcome), "end", why);
  }

  /** What the receipt of a run says beside the steps. */
  public ReceiptWriter receipt(String run) {
    return new ReceiptWriter(journal, run);
  }

  /** Puts into the receipt what clients saw since the hold. */
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
