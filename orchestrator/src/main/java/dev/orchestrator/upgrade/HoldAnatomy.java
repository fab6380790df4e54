package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.ServiceTimes;
import dev.orchestrator.capsule.ServiceTimes.Event;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.Receipt.PathPart;
import dev.orchestrator.journal.Receipt.ServiceSpan;
import dev.orchestrator.journal.ReceiptReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what became of the time in which clients waited: each service's stop and start, and the
 * chain of them that nothing else was waited for beside. Asked for when clients wait no longer.
 */
public final class HoldAnatomy {
  private static final Logger log = LoggerFactory.getLogger(HoldAnatomy.class);

  private static final String STOP = "stop";
  private static final String START = "start";

  /** What is begun so soon after something it depends on has ended was waiting for that. */
  private static final long AT_ONCE_MILLIS = 250;

  /** A shorter part is nothing to mend. */
  private static final long LEAST_MILLIS = 10;

  private final Instant begin;
  private final long end;
  private final List<Receipt.Step> steps;

  HoldAnatomy(Instant begin, Instant end, List<Receipt.Step> steps) {
    this.begin = begin;
    this.end = since(begin, end);
    this.steps = steps;
  }

  private static long since(Instant begin, Instant at) {
    return Math.max(0, Duration.between(begin, at).toMillis());
  }

  /**
   * Writes it to the receipt of a run that has just led clients to its candidate. A capsule that
   * does not tell its services' times, as it was built before they were kept or is frozen, is left
   * out.
   */
  public static void record(UpgradeRun run, UpgradeContext context) {
    Instant begin = run.heldAt;
    if (begin == null) {
      return; // After a restart of this program, which has ended the wait.
    }
    HoldAnatomy anatomy =
        new HoldAnatomy(
            begin,
            context.clock().instant(),
            ReceiptReader.steps(context.journal().steps(run.id())));
    @Nullable ServiceTimes stopped =
        context.dataSettings(run).freezesAll() ? null : times(run.blue, begin, context);
    context.log().receipt(run.id()).hold(anatomy.of(stopped, times(run.green(), begin, context)));
  }

  private static @Nullable ServiceTimes times(
      @Nullable Generation generation, Instant begin, UpgradeContext context) {
    // Another host has a clock of its own.
    if (generation == null || generation.elsewhere() != null) {
      return null;
    }
    try {
      return context.capsule(generation).times(begin, context.briefTimeout()).orElse(null);
    } catch (CapsuleException | EngineException e) {
      // The run has done what it was to do: that a figure is missing is no failure of it.
      log.info("no times of the services of {}: {}", generation.container(), e.getMessage());
      return null;
    }
  }

  Receipt.Hold of(@Nullable ServiceTimes blue, @Nullable ServiceTimes green) {
    List<ServiceSpan> stops = blue == null ? List.of() : stops(blue.events());
    List<ServiceSpan> starts = green == null ? List.of() : starts(green.events(), stops);
    List<PathPart> path = new ArrayList<>();
    List<ServiceSpan> stopChain =
        blue == null ? List.of() : chain(stops, span -> dependants(span, blue.dependsOn()));
    List<ServiceSpan> startChain =
        green == null
            ? List.of()
            : chain(starts, span -> green.dependsOn().getOrDefault(span.service(), List.of()));
    long at = 0;
    for (ServiceSpan span : Stream.concat(stopChain.stream(), startChain.stream()).toList()) {
      addSteps(at, span.fromMillis(), path);
      add(
          span.service() + " " + span.part(),
          span.untilMillis() - Math.max(at, span.fromMillis()),
          path);
      at = Math.max(at, span.untilMillis());
    }
    addSteps(at, end, path);
    return new Receipt.Hold(
        begin, end, Stream.concat(stops.stream(), starts.stream()).toList(), List.copyOf(path));
  }

  private List<ServiceSpan> stops(List<Event> events) {
    Map<String, ServiceSpan> spans = new TreeMap<>();
    for (Event event : events) {
      long at = since(begin, event.at());
      ServiceSpan known = spans.get(event.service());
      switch (event.action()) {
        case "kill" -> {
          if (known == null) {
            spans.put(event.service(), new ServiceSpan(event.service(), STOP, at, null, at));
          }
        }
        case "die" ->
            spans.put(
                event.service(),
                new ServiceSpan(
                    event.service(), STOP, known == null ? at : known.fromMillis(), null, at));
        default -> {}
      }
    }
    return inOrder(spans.values().stream());
  }

  /** Until the switch: what comes later kept nobody waiting. */
  private List<ServiceSpan> starts(List<Event> events, List<ServiceSpan> stops) {
    Map<String, ServiceSpan> spans = new TreeMap<>();
    long stopped = stops.stream().mapToLong(ServiceSpan::untilMillis).max().orElse(0);
    for (Event event : events) {
      long at = since(begin, event.at());
      if (at < stopped || at > end) {
        continue;
      }
      String name = event.service();
      ServiceSpan known = spans.get(name);
      switch (event.action()) {
        case "ask" -> spans.putIfAbsent(name, new ServiceSpan(name, START, at, null, at));
        case "start" ->
            spans.put(
                name,
                new ServiceSpan(name, START, known == null ? at : known.fromMillis(), at, at));
        case "healthy", "die" -> {
          if (known != null && known.runningMillis() != null) {
            spans.put(
                name, new ServiceSpan(name, START, known.fromMillis(), known.runningMillis(), at));
          }
        }
        default -> {}
      }
    }
    return inOrder(spans.values().stream());
  }

  private static List<ServiceSpan> inOrder(Stream<ServiceSpan> spans) {
    return spans
        .sorted(
            Comparator.comparingLong(ServiceSpan::fromMillis).thenComparing(ServiceSpan::service))
        .toList();
  }

  private static List<String> dependants(ServiceSpan span, Map<String, List<String>> dependsOn) {
    return dependsOn.entrySet().stream()
        .filter(each -> each.getValue().contains(span.service()))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** What ended last, before it the last of what that had to wait for, and so on. */
  private static List<ServiceSpan> chain(
      List<ServiceSpan> spans, Function<ServiceSpan, List<String>> waitsFor) {
    List<ServiceSpan> chain = new ArrayList<>();
    Optional<ServiceSpan> next = last(spans, span -> true);
    while (next.isPresent()) {
      ServiceSpan span = next.get();
      chain.addFirst(span);
      List<String> before = waitsFor.apply(span);
      next =
          last(
              spans,
              other ->
                  before.contains(other.service())
                      && !chain.contains(other)
                      && Math.abs(span.fromMillis() - other.untilMillis()) <= AT_ONCE_MILLIS);
    }
    return chain;
  }

  private static Optional<ServiceSpan> last(
      List<ServiceSpan> spans, Predicate<ServiceSpan> wanted) {
    return spans.stream().filter(wanted).max(Comparator.comparingLong(ServiceSpan::untilMillis));
  }

  /** What the steps have taken of a time in which no service was waited for. */
  private void addSteps(long from, long until, List<PathPart> path) {
    for (Receipt.Step step : steps) {
      long began = Duration.between(begin, step.at()).toMillis();
      boolean isUnderWay = step.phase().equals("intent");
      long ended = isUnderWay ? end : began + step.millis();
      add(step.step(), Math.min(until, ended) - Math.max(from, began), path);
    }
  }

  private static void add(String what, long millis, List<PathPart> path) {
    if (millis >= LEAST_MILLIS) {
      path.add(new PathPart(what, millis));
    }
  }
}
