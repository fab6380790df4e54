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
 * What happens in runs, for those who watch. The number of an event is made from the number of its
 * line in the journal, so that it is the same after a restart, and a watcher may go on from where
 * it was. The journal's lines become events; progress lines live in memory alone, with the runs
 * that go on and the last few that have ended. A watcher gets everything so far and then what
 * comes, in order. Thread-safe; listeners are called under the lock and must be quick.
 */
public final class EventHub {
  /** Numbers for the events between two lines of the journal. */
  private static final long NUMBERS_PER_LINE = 100_000;

  /** Older progress than this many events is not told to late watchers. */
  private static final int REMEMBERED_EVENTS = 2_000;

  /** So many runs that have ended keep their progress lines; of others the journal has the rest. */
  static final int REMEMBERED_RUNS = 8;

  private final Journal journal;
  private final InstantSource clock;

  /** By the run's id, in the order in which they came. */
  private final Map<String, Feed> feeds = new LinkedHashMap<>();

  public EventHub(Journal journal, InstantSource clock) {
    this.journal = journal;
    this.clock = clock;
  }

  /** Ends a watch. */
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

  /** A line of the journal, by its number there. */
  synchronized void publishLine(String run, int line, String step, String phase, String text) {
    if (!feeds.containsKey(run)) {
      // Nobody watches yet, and the journal has this line already.
      Feed _ = feed(run);
      return;
    }
    Feed feed = feed(run);
    feed.sequence = Math.max(feed.sequence + 1, line * NUMBERS_PER_LINE);
    publish(feed, run, step, phase, text);
  }

  /** An event that the journal doesn't have. */
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

  /** Runs in memory; for tests. */
  synchronized int rememberedRuns() {
    return feeds.size();
  }

  /** Tells of a run, from its beginning; past events come before this returns. */
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

  /** A run from before this process started: the events that the journal has of it. */
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
          String outcome = RunLog.textOf(run.outcome());
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
