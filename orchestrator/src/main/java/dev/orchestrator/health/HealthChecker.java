package dev.orchestrator.health;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.OutputText;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Checks a capsule in rounds: each looks at the state of every service and runs every probe, until
 * enough rounds in a row found nothing wrong. Blocks: never from an event loop.
 */
public final class HealthChecker implements HealthGate {
  /** For the state or the log of services; longer than a busy inner engine takes. */
  private static final Duration ANSWER = Duration.ofSeconds(15);

  /** Length of what is quoted of a check's output, or of a line of a log. */
  static final int MAX_QUOTE = 160;

  private static final int MAX_PROGRESS = 100;

  /** A stack trace's first line may be that far from the end of a log. */
  private static final int LOG_LINES = 200;

  private static final int QUOTED_LOG_LINES = 3;

  /** The container's name and the time, which Compose puts before each line of a log. */
  private static final Pattern LOG_PREFIX = Pattern.compile("^\\S+ +\\| ?(\\d{4}-\\S+Z ?)?");

  /** At least the n-th part of the interval is a pause, however long a round takes. */
  private static final int SHORTEST_PAUSE_PART = 5;

  /**
   * So many rounds in a row must find a problem that looks final: a start passes through states
   * that look so for a moment.
   */
  private static final int FINAL_ROUNDS = 5;

  /**
   * What isn't healthy by then takes long anyway: it is looked at less often, as looks cost time.
   */
  private static final Duration QUICK = Duration.ofSeconds(5);

  /** Between two looks at services that are being started. */
  private static final Duration START_LOOK = Duration.ofSeconds(1);

  private final ProbeRunner probes;
  private final OwnChecks ownChecks;
  private final RouteChecks routes;
  private final InstantSource clock;
  private final Pause pause;
  private final Duration startLook;

  /**
   * Checks services, probes and the targets of routes.
   *
   * @param routes asked only while a capsule is waited for
   */
  public HealthChecker(Vertx vertx, RouteChecks routes, InstantSource clock) {
    this(vertx, routes, clock, Thread::sleep, START_LOOK);
  }

  HealthChecker(
      Vertx vertx, RouteChecks routes, InstantSource clock, Pause pause, Duration startLook) {
    this.probes = new ProbeRunner(vertx);
    this.routes = routes;
    this.ownChecks = new OwnChecks(clock);
    this.startLook = startLook;
    this.clock = clock;
    this.pause = pause;
  }

  /** The wait between two rounds; a test moves its clock instead. */
  interface Pause {
    void of(Duration time) throws InterruptedException;
  }

  @Override
  public Healthy await(
      Capsule capsule,
      List<Probe> probes,
      Map<String, Integer> ports,
      VerifySettings settings,
      Consumer<String> progress) {
    Instant start = clock.instant();
    Deadline end = Deadline.in(settings.deadline(), clock);
    int passes = 0;
    int lasting = 0;
    boolean likely = true;
    List<HealthProblem> last = List.of();
    CapsuleException outage = null;
    RestartLoops loops = new RestartLoops(clock);
    Map<String, Duration> after = new HashMap<>();
    while (true) {
      Instant began = clock.instant();
      Round round = roundWithRoutes(capsule, probes, ports, loops, likely);
      noteHealthy(round, Duration.between(start, clock.instant()), after);
      likely = round.problems().isEmpty();
      if (round.problems().isEmpty()) {
        passes++;
        progress.accept("healthy %d of %d".formatted(passes, settings.passes()));
        if (passes >= settings.passes()) {
          return new Healthy(summary(round, probes, settings, start), round.services(), after);
        }
      } else {
        passes = 0;
        if (!progress(round.problems()).equals(progress(last))) {
          progress.accept(progress(round.problems()));
        }
      }
      last = round.problems();
      outage = round.outage() == null ? outage : round.outage();
      lasting = last.stream().anyMatch(HealthProblem::lasting) ? lasting + 1 : 0;
      if (lasting >= FINAL_ROUNDS) {
        throw failure(capsule, "can't become healthy", false, last, outage);
      }
      if (end.remaining().compareTo(settings.interval()) < 0) {
        throw failure(
            capsule,
            "is not healthy after %d s".formatted(settings.deadline().toSeconds()),
            true,
            last,
            outage);
      }
      Instant ended = clock.instant();
      boolean slow = passes == 0 && Duration.between(start, ended).compareTo(QUICK) > 0;
      Duration interval = slow ? settings.interval().multipliedBy(2) : settings.interval();
      pause(untilNext(interval, Duration.between(began, ended)));
    }
  }

  /** Keeps when each service became healthy, and forgets that of a service that no longer is. */
  private static void noteHealthy(Round round, Duration now, Map<String, Duration> after) {
    for (InnerService service : round.services()) {
      boolean healthy =
          round.problems().stream()
              .noneMatch(problem -> problem.service().equals(service.service()));
      if (healthy) {
        after.putIfAbsent(service.service(), now);
      } else {
        after.remove(service.service());
      }
    }
  }

  /**
   * The pause before the next round. A round's own time counts, as clients may be waiting; a
   * capsule that is slow to answer still gets a pause.
   */
  private static Duration untilNext(Duration interval, Duration took) {
    Duration least = interval.dividedBy(SHORTEST_PAUSE_PART);
    Duration pause = interval.minus(took);
    return pause.compareTo(least) < 0 ? least : pause;
  }

  @Override
  public List<String> check(Capsule capsule, List<Probe> probes, Map<String, Integer> ports) {
    return lines(round(capsule, probes, ports, new RestartLoops(clock), false).problems());
  }

  @Override
  public Watch watch(Capsule capsule, List<Probe> probes, Map<String, Integer> ports) {
    FrequentChecks checks = new FrequentChecks(clock);
    return () -> {
      Round round = round(capsule, probes, ports, new RestartLoops(clock), false);
      List<HealthProblem> all = new ArrayList<>(round.problems());
      all.addAll(checks.look(capsule, round.services()));
      return lines(all);
    };
  }

  @Override
  public void start(Capsule capsule, int epoch, Duration deadline, Consumer<String> progress) {
    RestartLoops loops = new RestartLoops(clock);
    try (ServiceStart start = new ServiceStart(capsule, () -> capsule.start(epoch, deadline))) {
      while (!start.isDone(startLook)) {
        List<HealthProblem> found = loops.look(servicesOrNone(capsule));
        if (!found.isEmpty()) {
          throw failure(capsule, "can't become healthy", false, found, null);
        }
      }
      CapsuleException failure = start.failure();
      if (failure != null) {
        throw withServices(failure, capsule);
      }
    }
  }

  private static List<InnerService> servicesOrNone(Capsule capsule) {
    try {
      return capsule.services(ANSWER);
    } catch (CapsuleException e) {
      return List.of();
    }
  }

  /** Compose names a container at most: adds what is wrong with which service, and its log. */
  private static CapsuleException withServices(CapsuleException failure, Capsule capsule) {
    if (failure.isOutage()) {
      return failure;
    }
    String message = String.valueOf(failure.getMessage());
    String found =
        servicesOrNone(capsule).stream()
            .filter(service -> hasFailed(service, message))
            .flatMap(service -> ServiceChecks.check(service).stream())
            .map(problem -> "; " + problem.line() + endOfLog(capsule, problem.service()))
            .collect(Collectors.joining());
    return found.isEmpty() ? failure : new CapsuleException(message + found, failure.getCause());
  }

  /** Whether a service may be why a start has failed, and not one that waited for another. */
  private static boolean hasFailed(InnerService service, String message) {
    return switch (service.state()) {
      case "running" -> service.health().equals("unhealthy");
      case "restarting" -> true;
      // It may have ended long before, in an earlier life of the capsule.
      case "exited" -> message.contains(service.service());
      default -> false;
    };
  }

  @Override
  public String serve(
      Capsule capsule,
      List<Probe> probes,
      Map<String, Integer> ports,
      VerifySettings settings,
      Consumer<String> progress) {
    Instant began = clock.instant();
    Deadline end = Deadline.in(settings.deadline(), clock);
    RestartLoops loops = new RestartLoops(clock);
    Set<String> needed = new HashSet<>(routes.services(ports));
    probes.forEach(probe -> needed.add(probe.service()));
    List<HealthProblem> last = List.of();
    int lasting = 0;
    try (ServiceStart start = new ServiceStart(capsule, () -> capsule.start(settings.deadline()))) {
      boolean started = start.isDone(settings.interval());
      while (true) {
        CapsuleException failed = start.failure();
        if (failed != null && failed.isOutage()) {
          throw failed;
        }
        Round round = round(capsule, probes, ports, loops, true);
        if (!hinders(round, needed)) {
          round = round.with(routes(capsule, ports));
        }
        // Before that, a container may still be in the state in which it was stopped.
        lasting =
            started && round.problems().stream().anyMatch(HealthProblem::lasting) ? lasting + 1 : 0;
        boolean serves = !needed.isEmpty() && !hinders(round, needed);
        if (round.problems().isEmpty() || (serves && !started)) {
          start.leave();
          return summary(round, probes, settings, began);
        }
        if (!progress(round.problems()).equals(progress(last))) {
          progress.accept(progress(round.problems()));
        }
        last = round.problems();
        if (failed != null && !serves) {
          throw withServices(failed, capsule);
        }
        if (lasting >= FINAL_ROUNDS) {
          throw failure(capsule, "can't become healthy", false, last, round.outage());
        }
        if (end.remaining().compareTo(settings.interval()) < 0) {
          String what = "is not healthy after %d s".formatted(settings.deadline().toSeconds());
          throw failure(capsule, what, true, last, round.outage());
        }
        if (started) {
          pause(settings.interval());
        } else {
          started = start.isDone(settings.interval());
        }
      }
    }
  }

  /** Whether what a round found keeps clients from being served. */
  private static boolean hinders(Round round, Set<String> needed) {
    return round.outage() != null
        || round.problems().stream()
            .anyMatch(problem -> problem.service().isEmpty() || needed.contains(problem.service()));
  }

  /**
   * The findings of a round.
   *
   * @param services of the capsule
   * @param outage the failure when no engine answered; else null
   */
  private record Round(
      List<InnerService> services,
      List<HealthProblem> problems,
      @Nullable CapsuleException outage) {
    Round with(Round routes) {
      List<HealthProblem> all = new ArrayList<>(problems);
      all.addAll(routes.problems());
      return new Round(services, all, routes.outage());
    }
  }

  /**
   * Looks once.
   *
   * @param serving whether only what clients notice counts, and not a health check that has not
   *     passed yet
   */
  private Round round(
      Capsule capsule,
      List<Probe> all,
      Map<String, Integer> ports,
      RestartLoops loops,
      boolean serving) {
    List<InnerService> services;
    try {
      services = capsule.services(ANSWER);
    } catch (CapsuleException e) {
      return gone(e);
    }
    List<HealthProblem> problems = new ArrayList<>();
    if (services.isEmpty()) {
      problems.add(new HealthProblem("capsule", "", "it has no services", true));
    }
    problems.addAll(loops.look(services));
    for (InnerService service : services) {
      boolean named =
          problems.stream().anyMatch(problem -> problem.service().equals(service.service()));
      if (!named && !(service.starting() && (serving || ownChecks.pass(capsule, service)))) {
        ServiceChecks.check(service).ifPresent(problems::add);
      }
    }
    Set<String> names = services.stream().map(InnerService::service).collect(Collectors.toSet());
    // A probe of a service that it lacks was written for a version that has it. Whether one of a
    // service that isn't up fails says nothing beyond the service's state.
    List<Probe> asked =
        all.stream()
            .filter(probe -> names.isEmpty() || names.contains(probe.service()))
            .filter(probe ->
                problems.stream().noneMatch(problem -> problem.service().equals(probe.service())))
            .toList();
    problems.addAll(probed(capsule, asked, ports));
    return new Round(services, problems, null);
  }

  /** What the probes find: all of them at the same time, as clients may be waiting. */
  private List<HealthProblem> probed(
      Capsule capsule, List<Probe> asked, Map<String, Integer> ports) {
    List<FutureTask<Optional<HealthProblem>>> results = new ArrayList<>();
    for (Probe probe : asked) {
      FutureTask<Optional<HealthProblem>> result =
          new FutureTask<>(() -> probes.run(capsule, probe, ports));
      results.add(result);
      Thread.ofVirtual().name("probe " + probe.name()).start(result);
    }
    return results.stream().flatMap(result -> result(result).stream()).toList();
  }

  /**
   * Looks once, at the routes too where nothing else is wrong: where a service isn't up, its routes
   * say nothing beyond that.
   *
   * @param likely whether nothing will be found wrong: then all is looked at at the same time, as
   *     clients are waiting
   */
  private Round roundWithRoutes(
      Capsule capsule,
      List<Probe> probes,
      Map<String, Integer> ports,
      RestartLoops loops,
      boolean likely) {
    FutureTask<Round> alive = new FutureTask<>(() -> routes(capsule, ports));
    if (likely) {
      Thread.ofVirtual().name("routes of " + capsule.name()).start(alive);
    }
    Round round = round(capsule, probes, ports, loops, false);
    if (!round.problems().isEmpty()) {
      return round;
    }
    alive.run(); // Unless it was begun.
    return round.with(result(alive));
  }

  /** What the routes' targets say; a capsule or an engine that is gone is a problem like others. */
  private Round routes(Capsule capsule, Map<String, Integer> ports) {
    try {
      return new Round(List.of(), routes.check(capsule, ports), null);
    } catch (CapsuleException e) {
      return gone(e);
    } catch (EngineException e) {
      return gone(new CapsuleException(String.valueOf(e.getMessage()), e));
    }
  }

  private static Round gone(CapsuleException e) {
    HealthProblem problem = new HealthProblem("capsule", "", String.valueOf(e.getMessage()), false);
    return new Round(List.of(), List.of(problem), e.isOutage() ? e : null);
  }

  private static <T> T result(FutureTask<T> task) {
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HealthException("waiting for a capsule's health was interrupted");
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(e.getCause());
    }
  }

  private String summary(Round round, List<Probe> probes, VerifySettings settings, Instant start) {
    return "%d services healthy, %d probes passed, %d times in a row, after %.1f s"
        .formatted(
            round.services().size(),
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
      parts.add(problem.line() + endOfLog(capsule, problem.service()));
    }
    if (parts.isEmpty()) {
      parts.add("too few rounds passed in a row; raise verify.deadline");
    }
    String message = "%s %s: %s".formatted(capsule.name(), what, String.join("; ", parts));
    return outage == null
        ? new HealthException(message, ranOut)
        : new CapsuleException(message + "; the engine was away in between", outage.getCause());
  }

  /** How a service's log ends. A log that can't be read must not hide why the wait failed. */
  private static String endOfLog(Capsule capsule, String service) {
    if (service.isEmpty()) {
      return "";
    }
    try {
      List<String> lines =
          capsule.logs(service, LOG_LINES, ANSWER).stream()
              .map(line -> LOG_PREFIX.matcher(line).replaceFirst(""))
              .toList();
      List<String> quoted =
          OutputText.tellingLines(lines, QUOTED_LOG_LINES).stream()
              .map(line -> OutputText.quote(line, MAX_QUOTE))
              .toList();
      return quoted.isEmpty()
          ? ""
          : " (its log ends with: %s)".formatted(String.join(" | ", quoted));
    } catch (CapsuleException e) {
      return " (its log can't be read)";
    }
  }

  private static List<String> lines(List<HealthProblem> problems) {
    return problems.stream().map(HealthProblem::line).toList();
  }

  private static String progress(List<HealthProblem> problems) {
    String all = problems.stream().map(HealthProblem::briefLine).collect(Collectors.joining("; "));
    return OutputText.quote(all, MAX_PROGRESS);
  }

  private void pause(Duration interval) {
    try {
      pause.of(interval);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HealthException("waiting for a capsule's health was interrupted");
    }
  }
}
