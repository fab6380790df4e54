package dev.orchestrator.upgrade;

import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.stack.Control;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What happens in runs, for those who watch. An event's number is made from the number of its line
 * in the journal, so that it is the same after a restart, and a watcher may go on from where it
 * was. The journal's lines become events; progress lines live in memory alone. A watcher gets
 * everything so far and then what comes, in order. Thread-safe; listeners are called under the lock
 * of their run and must be quick.
 */
public final class EventHub {
  /** Numbers for what comes between two lines of the journal. */
  private static final long LINE = 100_000;

  /** Older progress than this many events is not told to late watchers. */
  private static final int REMEMBERED = 2_000;

  private final Journal journal;
  private final InstantSource clock;
  private final Map<String, Feed> feeds = new HashMap<>();

  public EventHub(Journal journal, InstantSource clock) {
    this.journal = journal;
    this.clock = clock;
  }

  private static final class Feed {
    final List<RunEvent> events = new ArrayList<>();
    final List<Consumer<RunEvent>> listeners = new ArrayList<>();
    long sequence;
    boolean ended;
  }

  /** A line of the journal, by its number there. */
  synchronized void publishLine(String upgrade, int line, String step, String phase, String text) {
    Feed feed = feed(upgrade);
    feed.sequence = Math.max(feed.sequence + 1, line * LINE);
    publish(feed, upgrade, step, phase, text);
  }

  /** What the journal doesn't have. */
  synchronized void publish(String upgrade, String step, String phase, String text) {
    Feed feed = feed(upgrade);
    feed.sequence++;
    publish(feed, upgrade, step, phase, text);
  }

  private void publish(Feed feed, String upgrade, String step, String phase, String text) {
    RunEvent event = new RunEvent(upgrade, feed.sequence, clock.instant(), step, phase, text);
    add(feed, event);
    for (Consumer<RunEvent> listener : List.copyOf(feed.listeners)) {
      listener.accept(event);
    }
    if (phase.equals("end")) {
      feed.ended = true;
      feed.listeners.clear();
    }
  }

  public synchronized Control.Subscription watch(String upgrade, Consumer<RunEvent> listener) {
    Feed feed = feed(upgrade);
    feed.events.forEach(listener);
    if (!feed.ended) {
      feed.listeners.add(listener);
    }
    return () -> leave(upgrade, listener);
  }

  private synchronized void leave(String upgrade, Consumer<RunEvent> listener) {
    feed(upgrade).listeners.remove(listener);
  }

  private Feed feed(String upgrade) {
    return feeds.computeIfAbsent(upgrade, this::fromJournal);
  }

  /** A run from before this process started: what the journal has of it. */
  private Feed fromJournal(String upgrade) {
    Feed feed = new Feed();
    for (StepRecord line : journal.steps(upgrade)) {
      String phase = RunLog.word(line.phase());
      feed.sequence = line.sequence() * LINE;
      add(feed, new RunEvent(upgrade, feed.sequence, line.at(), line.step(), phase, line.detail()));
    }
    journal
        .upgrade(upgrade)
        .filter(run -> run.outcome() != Outcome.RUNNING && run.ended() != null)
        .ifPresent(run -> {
          String outcome = RunLog.word(run.outcome());
          add(
              feed,
              new RunEvent(
                  upgrade, ++feed.sequence, clock.instant(), outcome, "end", run.reason()));
          feed.ended = true;
        });
    return feed;
  }

  private static void add(Feed feed, RunEvent event) {
    feed.events.add(event);
    if (feed.events.size() > REMEMBERED) {
      for (int i = 0; i < feed.events.size(); i++) {
        if (feed.events.get(i).phase().equals("progress")) {
          feed.events.remove(i);
          break;
        }
      }
    }
  }
}
