package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.stats.TargetCounters;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The replicas of one route's targets on a backend, which are taken in turn. Thread-safe. */
final class Replicas {
  private final Backend definition;
  private final List<ResolvedBackend> replicas;
  private final AtomicInteger turn = new AtomicInteger();

  Replicas(Route route, Backend definition, TargetCounters counters) {
    List<Target> targets =
        Objects.requireNonNull(definition.targets().get(route.name()), "no target for the route");
    this.definition = definition;
    this.replicas =
        IntStream.range(0, targets.stream().mapToInt(Target::replicas).max().orElse(1))
            .mapToObj(replica -> ResolvedBackend.of(definition, targets, replica, counters))
            .toList();
  }

  boolean areOf(Backend other) {
    return definition.equals(other);
  }

  /** The replica whose turn it is. */
  ResolvedBackend current() {
    return replicas.size() == 1
        ? replicas.getFirst()
        : replicas.get(Math.floorMod(turn.get(), replicas.size()));
  }

  /** The replica whose turn it is, or the one behind it if a connect to that has just failed. */
  ResolvedBackend currentExcept(@Nullable ResolvedBackend failed) {
    if (current().equals(failed)) {
      endTurn();
    }
    return current();
  }

  /** To be called when the current replica was taken. */
  void endTurn() {
    if (replicas.size() > 1) {
      turn.incrementAndGet();
    }
  }
}
