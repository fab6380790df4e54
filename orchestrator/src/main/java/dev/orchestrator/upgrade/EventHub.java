package dev.orchestrator.upgrade;

import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Publishes the events of runs to watchers. Each line of the journal becomes an event, whose number
 * is made from the line's number, so that it is the same after a restart and a watcher may resume
 * where it was. Progress lines exist in memory only, for runs that go on and the last few that have
 * ended. A watcher gets all past events and then the coming ones, in order. Thread-safe; listeners
 * are called under the lock and must be quick.
 */
public final class EventHub {
  /** Event numbers that are available between two lines of the journal. */
  private static final long NUMBERS_PER_LINE = 100_000;

  /** Events of a run that are kept; beyond them the oldest progress lines are dropped. */
  private static final int REMEMBERED_EVENTS = 2_000;

  /** Ended runs that are kept in memory; of older runs the journal has the lines. */
  static final int REMEMBERED_RUNS = 8;

  private final Journal journal;
  private final InstantSource clock;

  /** By run id, in order of creation. */
  private final Map<String, Feed> feeds = new LinkedHashMap<>();

  EventHub(Journal journal, InstantSource clock) {
    this.journal = journal;
    this.clock = clock;
  }

  /** A watch, until it is closed. */
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  private static final class Feed {
    final List<RunEvent> events = new ArrayList<>();
    final List<Consumer<RunEvent>> listeners = new ArrayList<>();
    long sequence;
    boolean ended;
  }

  /** Publishes a line of the journal, by its number there. */
  synchronized void publishLine(String run, int line, String step, String phase, String text) {
    if (!feeds.containsKey(run)) {
      // The feed is read from the journal, which has this line already.
      Feed _ = feed(run);
      return;
    }
    Feed feed = feed(run);
    feed.sequence = Math.max(feed.sequence + 1, line * NUMBERS_PER_LINE);
    publish(feed, run, step, phase, text);
  }

  /** Publishes an event that is not in the journal. */
  synchronized void publish(String run, String step, String phase, String text) {
    Feed feed = feed(run);
    feed.sequence++;
    publish(feed, run, step, phase, text);
  }

  private void publish(Feed feed, String run, String step, String phase, String text) {
    RunEvent event = new RunEvent(run, feed.sequence, clock.instant(), step, phase, text);
    add(feed, event);
    for (Consumer<RunEvent> listener : List.copyOf(feed.listeners)) {
      listener.accept(event);
    }
    if (phase.equals("end")) {
      feed.ended = true;
      feed.listeners.clear();
      forgetOldRuns();
    }
  }

  private void forgetOldRuns() {
    long excess = feeds.values().stream().filter(feed -> feed.ended).count() - REMEMBERED_RUNS;
    Iterator<Feed> oldest = feeds.values().iterator();
    while (excess > 0 && oldest.hasNext()) {
      if (oldest.next().ended) {
        oldest.remove();
        excess--;
      }
    }
  }

  /** Count of runs in memory; for tests. */
  synchronized int rememberedRuns() {
    return feeds.size();
  }

  /**
   * Watches a run from its beginning.
   *
   * @param listener has received all past events when this returns
   */
  public synchronized Subscription watch(String run, Consumer<RunEvent> listener) {
    Feed existing = feeds.get(run);
    Feed feed = existing == null ? fromJournal(run) : existing;
    feed.events.forEach(listener);
    if (!feed.ended) {
      feeds.putIfAbsent(run, feed);
      feed.listeners.add(listener);
    }
    return () -> unsubscribe(feed, listener);
  }

  private synchronized void unsubscribe(Feed feed, Consumer<RunEvent> listener) {
    feed.listeners.remove(listener);
  }

  private Feed feed(String run) {
    return feeds.computeIfAbsent(run, this::fromJournal);
  }

  /** The events that the journal has of a run, for a run of an earlier process. */
  private Feed fromJournal(String id) {
    Feed feed = new Feed();
    for (StepRecord line : journal.steps(id)) {
      String phase = RunLog.textOf(line.phase());
      feed.sequence = line.sequence() * NUMBERS_PER_LINE;
      add(feed, new RunEvent(id, feed.sequence, line.at(), line.step(), phase, line.detail()));
    }
    journal
        .upgrade(id)
        .filter(run -> run.outcome() != Outcome.RUNNING && run.ended() != null)
        .ifPresent(run -> {
          String outcome = run.outcomeText();
          add(
              feed,
              new RunEvent(id, ++feed.sequence, clock.instant(), outcome, "end", run.reason()));
          feed.ended = true;
        });
    return feed;
  }

  private static void add(Feed feed, RunEvent event) {
    feed.events.add(event);
    if (feed.events.size() > REMEMBERED_EVENTS) {
      for (int i = 0; i < feed.events.size(); i++) {
        if (feed.events.get(i).phase().equals("progress")) {
          feed.events.remove(i);
          break;
        }
      }
    }
  }
}
