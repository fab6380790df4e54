package dev.orchestrator.health;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The {@link HealthGate}: rounds of looking at every service and running every probe, until enough
 * rounds in a row found nothing wrong. Blocks: never from an event loop.
 */
public final class HealthChecker implements HealthGate {
  private static final Duration STATE = Duration.ofSeconds(15);

  private static final int MAX_QUOTE = 160;

  /** This part of the interval is rest, however long a round takes. */
  private static final int LEAST_REST = 5;

  /** What looks final may be a moment of a start: it must be so this many times in a row. */
  private static final int FINAL = 3;

  private final ProbeRunner probes;
  private final InstantSource clock;
  private final Pause pause;

  public HealthChecker(Vertx vertx, InstantSource clock) {
    this(vertx, clock, Thread::sleep);
  }

  HealthChecker(Vertx vertx, InstantSource clock, Pause pause) {
    this.probes = new ProbeRunner(vertx);
    this.clock = clock;
    this.pause = pause;
  }

  /** The wait between two rounds; a test moves its clock in it. */
  interface Pause {
    void of(Duration time) throws InterruptedException;
  }

  @Override
  public String await(
      Capsule capsule,
      List<Probe> probes,
      Map<String, Integer> ports,
      VerifySettings settings,
      Consumer<String> progress) {
    Instant start = clock.instant();
    Instant end = start.plus(settings.deadline());
    int passes = 0;
    int lasting = 0;
    List<HealthProblem> last = List.of();
    CapsuleException outage = null;
    while (true) {
      Instant began = clock.instant();
      Round round = round(capsule, probes, ports);
      if (round.problems().isEmpty()) {
        passes++;
        progress.accept("healthy %d of %d".formatted(passes, settings.passes()));
        if (passes >= settings.passes()) {
          return summary(round, probes, settings, start);
        }
      } else {
        passes = 0;
        if (!lines(round.problems()).equals(lines(last))) {
          progress.accept(String.join("; ", lines(round.problems())));
        }
      }
      last = round.problems();
      outage = round.outage() == null ? outage : round.outage();
      lasting = last.stream().anyMatch(HealthProblem::lasting) ? lasting + 1 : 0;
      if (lasting >= FINAL) {
        throw failure(capsule, "can't become healthy", false, last, outage);
      }
      Duration left = Duration.between(clock.instant(), end);
      if (left.compareTo(settings.interval()) < 0) {
        throw failure(
            capsule,
            "is not healthy after %d s".formatted(settings.deadline().toSeconds()),
            true,
            last,
            outage);
      }
      rest(untilNext(settings.interval(), Duration.between(began, clock.instant())));
    }
  }

  /** Clients may be waiting: a round's own time counts. It is not to be asked without a rest. */
  private static Duration untilNext(Duration interval, Duration took) {
    Duration least = interval.dividedBy(LEAST_REST);
    Duration rest = interval.minus(took);
    return rest.compareTo(least) < 0 ? least : rest;
  }

  @Override
  public List<String> check(Capsule capsule, List<Probe> probes, Map<String, Integer> ports) {
    return lines(round(capsule, probes, ports).problems());
  }

  /**
   * What one found.
   *
   * @param outage the engine didn't answer; null where it did
   */
  private record Round(
      int services, List<HealthProblem> problems, @Nullable CapsuleException outage) {}

  private Round round(Capsule capsule, List<Probe> all, Map<String, Integer> ports) {
    List<InnerService> services;
    try {
      services = capsule.services(STATE);
    } catch (CapsuleException e) {
      String text = String.valueOf(e.getMessage());
      HealthProblem problem = new HealthProblem("capsule", "", text, false);
      return new Round(0, List.of(problem), e.isOutage() ? e : null);
    }
    List<HealthProblem> problems = new ArrayList<>();
    if (services.isEmpty()) {
      problems.add(new HealthProblem("capsule", "", "it has no services", true));
    }
    services.forEach(service -> ServiceChecks.check(service).ifPresent(problems::add));
    Set<String> names = services.stream().map(InnerService::service).collect(Collectors.toSet());
    for (Probe probe : all) {
      if (!names.isEmpty() && !names.contains(probe.service())) {
        continue; // It was written for a version that has this service.
      }
      // A probe of a service that is not there yet says nothing that its state doesn't say.
      boolean up =
          problems.stream().noneMatch(problem -> problem.service().equals(probe.service()));
      Optional<String> wrong = up ? probe(capsule, probe, ports) : Optional.empty();
      wrong.ifPresent(text ->
          problems.add(new HealthProblem("probe " + probe.name(), probe.service(), text, false)));
    }
    return new Round(services.size(), problems, null);
  }

  private Optional<String> probe(Capsule capsule, Probe probe, Map<String, Integer> ports) {
    try {
      return probes.run(capsule, probe, ports);
    } catch (CapsuleException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private String summary(Round round, List<Probe> probes, VerifySettings settings, Instant start) {
    return "%d services healthy, %d probes passed, %d times in a row, after %.1f s"
        .formatted(
            round.services(),
            probes.size(),
            settings.passes(),
            Duration.between(start, clock.instant()).toMillis() / 1000.0);
  }

  private RuntimeException failure(
      Capsule capsule,
      String what,
      boolean ranOut,
      List<HealthProblem> problems,
      @Nullable CapsuleException outage) {
    List<String> parts = new ArrayList<>();
    for (HealthProblem problem : problems) {
      parts.add(problem.line() + lastWords(capsule, problem.service()));
    }
    if (parts.isEmpty()) {
      parts.add("too few rounds passed in a row; raise verify.deadline");
    }
    String said = "%s %s: %s".formatted(capsule.name(), what, String.join("; ", parts));
    return outage == null
        ? new HealthException(said, ranOut)
        : new CapsuleException(said + "; the engine was away in between", outage.getCause());
  }

  /** What the service said last, where it can be had: the message must not fail for it. */
  private static String lastWords(Capsule capsule, String service) {
    if (service.isEmpty()) {
      return "";
    }
    try {
      List<String> lines =
          capsule.logs(service, 1, STATE).stream().filter(line -> !line.isBlank()).toList();
      return lines.isEmpty() ? "" : " (its log ends with: %s)".formatted(plain(lines.getLast()));
    } catch (CapsuleException e) {
      return " (its log can't be read)";
    }
  }

  /**
   * Without the container's name and the time that Compose puts before it, cut to a line's length.
   */
  private static String plain(String line) {
    String text = line.replaceFirst("^\\S+\\s+\\|\\s+(\\d{4}-\\S+Z\\s+)?", "").strip();
    return text.length() <= MAX_QUOTE ? text : text.substring(0, MAX_QUOTE) + "…";
  }

  private static List<String> lines(List<HealthProblem> problems) {
    return problems.stream().map(HealthProblem::line).toList();
  }

  private void rest(Duration interval) {
    try {
      pause.of(interval);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HealthException("waiting for a capsule's health was interrupted");
    }
  }
}
