package dev.orchestrator.upgrade;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.adopt.OriginalContainer;
import dev.orchestrator.adopt.OriginalData;
import dev.orchestrator.adopt.OriginalPort;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.settings.RouteSettings;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * The containers of a compose project that was adopted or is about to be: stops and starts them in
 * order. They are never removed or changed, but for their restart policy. Each method may be
 * repeated. On the run's thread; blocks.
 */
public final class OriginalContainers {
  private static final String STAY_STOPPED = "no";
  private static final int KILLED = 137;
  private static final Duration ACCEPT_PAUSE = Duration.ofMillis(50);
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);
  private static final Duration CHECK_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration HEALTHY_LIMIT = Duration.ofSeconds(30);

  private final UpgradeContext context;

  OriginalContainers(UpgradeContext context) {
    this.context = context;
  }

  /** The containers that ran when the project was read. */
  private static List<OriginalContainer> ran(Original original) {
    return original.containers().stream().filter(OriginalContainer::running).toList();
  }

  /**
   * Requires the containers and the data to be there as they were read.
   *
   * @param running whether the containers must run, as before an adoption
   */
  public void require(Original original, boolean running) {
    List<String> problems = new ArrayList<>();
    for (OriginalContainer each : ran(original)) {
      Optional<ContainerInfo> found = context.engine().container(each.name());
      if (found.isEmpty()) {
        problems.add("container " + each.name() + " is gone");
      } else if (!found.get().id().equals(each.id())) {
        problems.add("container " + each.name() + " was made anew since it was read");
      } else if (running && !found.get().running()) {
        problems.add("container " + each.name() + " is " + found.get().state());
      }
    }
    if (ran(original).isEmpty()) {
      problems.add("it has no container that runs");
    }
    for (OriginalData each : original.data()) {
      String volume = each.volume();
      if (volume != null && context.engine().volume(volume).isEmpty()) {
        problems.add("volume " + volume + " is gone");
      }
    }
    if (!problems.isEmpty()) {
      throw new RefusedException(
          "project %s: %s; see 'docker compose -p %s ps -a', then try again"
              .formatted(original.project(), String.join("; ", problems), original.project()));
    }
  }

  /** The names of containers of the project that run now. */
  public List<String> running(Original original) {
    return original.containers().stream()
        .filter(each -> info(each).filter(found -> found.running() || found.paused()).isPresent())
        .map(OriginalContainer::name)
        .toList();
  }

  /** What the containers that ran do now: {@code running}, {@code stopped}, or which do not run. */
  public String describeState(Original original) {
    List<String> others = new ArrayList<>();
    int stopped = 0;
    for (OriginalContainer each : ran(original)) {
      String state = info(each).map(ContainerInfo::state).orElse("gone");
      if (!state.equals("running")) {
        stopped += state.equals("exited") ? 1 : 0;
        others.add("container %s is %s".formatted(each.name(), state));
      }
    }
    if (others.isEmpty()) {
      return "running";
    }
    return stopped == ran(original).size() ? "stopped" : String.join(", ", others);
  }

  /** Whether a container runs, or has been started since a moment. */
  public boolean hasRunSince(Original original, Instant moment) {
    return original.containers().stream()
        .flatMap(each -> info(each).stream())
        .anyMatch(found -> found.running() || found.paused() || isAfter(found.startedAt(), moment));
  }

  private static boolean isAfter(String startedAt, Instant moment) {
    try {
      return !Instant.parse(startedAt).isBefore(moment);
    } catch (DateTimeParseException e) {
      return true; // Nothing is known of it.
    }
  }

  /**
   * Stops the containers, those first that depend on others, each within its grace time.
   *
   * @param beforeEach is run before those of a list are stopped; may throw
   * @return names of services that were killed, as they did not stop in time
   */
  public List<String> stop(Original original, Runnable beforeEach) {
    List<String> killed = new ArrayList<>();
    for (List<OriginalContainer> level : levels(original, original.containers()).reversed()) {
      List<OriginalContainer> stopping =
          level.stream()
              .filter(
                  each -> info(each).filter(found -> found.running() || found.paused()).isPresent())
              .toList();
      if (stopping.isEmpty()) {
        continue;
      }
      beforeEach.run();
      atOnce(stopping, each -> context.engine().stopContainer(each.name(), each.stopGrace()));
      stopping.stream()
          .filter(each -> info(each).filter(found -> found.exitCode() == KILLED).isPresent())
          .forEach(each -> killed.add(each.service()));
    }
    return killed;
  }

  /** Where hooks of the stack run in the project: in the first container of their service. */
  ServiceHooks.Place placeOf(Original original) {
    return new ServiceHooks.Place() {
      @Override
      public String name() {
        return "project " + original.project();
      }

      @Override
      public ExecResult exec(String service, List<String> command, Duration limit) {
        return ran(original).stream()
            .filter(each -> each.service().equals(service))
            .min(Comparator.comparing(OriginalContainer::name))
            .map(each -> context.engine().exec(each.name(), command, limit))
            .orElseGet(() -> new ExecResult(1, "", "no container of it runs"));
      }

      @Override
      public boolean lacks(String service, Duration limit) {
        return ran(original).stream().noneMatch(each -> each.service().equals(service));
      }
    };
  }

  /** Keeps the engine from starting the containers, as after a reboot. */
  public void keepStopped(Original original) {
    for (OriginalContainer each : original.containers()) {
      if (info(each).isPresent() && !each.restartPolicy().equals(STAY_STOPPED)) {
        context.engine().setRestartPolicy(each.name(), STAY_STOPPED);
      }
    }
  }

  /**
   * Starts the containers that ran, those last that depend on others, which are healthy before
   * where the compose file wants that, with their restart policies; waits until they accept
   * connections.
   *
   * @return what is wrong with them; empty when all accept
   */
  public String start(Original original, Duration limit, Consumer<String> progress) {
    Deadline deadline = Deadline.in(limit);
    for (OriginalContainer each : original.containers()) {
      if (info(each).isPresent() && !each.restartPolicy().equals(STAY_STOPPED)) {
        context.engine().setRestartPolicy(each.name(), each.restartPolicy());
      }
    }
    for (List<OriginalContainer> level : levels(original, ran(original))) {
      awaitHealthy(original, level, progress);
      atOnce(level, each -> context.engine().startContainer(each.name()));
    }
    progress.accept("project " + original.project() + " started: waiting until it accepts");
    return awaitAccepting(original, deadline);
  }

  /**
   * Waits for the services that must be healthy before these containers start. Their checks are run
   * here, as the engine's own may have to wait for an interval of half a minute while clients wait.
   * A service that is not healthy for long may have been so before: the rest starts all the same.
   */
  private void awaitHealthy(
      Original original, List<OriginalContainer> starting, Consumer<String> progress) {
    Set<String> services = new HashSet<>();
    starting.forEach(each -> services.addAll(each.healthyFirst()));
    List<OriginalContainer> waiting =
        new ArrayList<>(
            ran(original).stream()
                .filter(each -> services.contains(each.service()) && !each.healthCheck().isEmpty())
                .toList());
    Deadline deadline = Deadline.in(HEALTHY_LIMIT);
    while (true) {
      waiting.removeIf(this::isHealthy);
      if (waiting.isEmpty()) {
        return;
      }
      if (deadline.passed()) {
        progress.accept(
            "not healthy within %d s: %s"
                .formatted(
                    HEALTHY_LIMIT.toSeconds(),
                    String.join(", ", waiting.stream().map(OriginalContainer::service).toList())));
        return;
      }
      pause();
    }
  }

  private boolean isHealthy(OriginalContainer container) {
    try {
      return context.engine().exec(container.name(), container.healthCheck(), CHECK_TIMEOUT).ok();
    } catch (EngineException e) {
      if (e.kind() == EngineException.Kind.UNREACHABLE
          || e.kind() == EngineException.Kind.INTERRUPTED) {
        throw e;
      }
      return false; // It has ended, or its check hangs.
    }
  }

  private static void pause() {
    try {
      Thread.sleep(ACCEPT_PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(EngineException.Kind.INTERRUPTED, "waiting was interrupted", e);
    }
  }

  private String awaitAccepting(Original original, Deadline deadline) {
    while (true) {
      List<String> deaf = new ArrayList<>();
      for (RouteSettings route : context.settings().stack().routes()) {
        if (route.verify() && !accepts(original, route)) {
          deaf.add("port " + route.port());
        }
      }
      if (deaf.isEmpty()) {
        return "";
      }
      if (deadline.passed()) {
        return "nothing accepts connections at " + String.join(", ", deaf);
      }
      pause();
    }
  }

  /** Whether what the project has behind a route accepts; true where it has nothing there. */
  private boolean accepts(Original original, RouteSettings route) {
    return find(original, route, 0)
        .map(this::target)
        .map(target -> context.health().accepts(target.host(), target.port(), CONNECT_TIMEOUT))
        .orElse(true);
  }

  /** A port that a container of the project publishes. */
  record Published(OriginalContainer container, OriginalPort port) {}

  /** What the project publishes at a port of a route, on whichever addresses. */
  static List<Published> findAll(Original original, RouteSettings route, int index) {
    int port = route.listen().first() + index;
    String protocol = route.options().protocol().isDatagram() ? "udp" : "tcp";
    List<Published> found = new ArrayList<>();
    for (OriginalContainer container : ran(original)) {
      for (OriginalPort each : container.ports()) {
        if (each.hostPort() == port && each.protocol().equals(protocol)) {
          found.add(new Published(container, each));
        }
      }
    }
    return found;
  }

  /** The names of the routes whose ports the project publishes. */
  public Set<String> publishedRoutes(Original original) {
    Set<String> published = new HashSet<>();
    for (RouteSettings route : context.settings().stack().routes()) {
      for (int index = 0; index < route.listen().ports(); index++) {
        if (!findAll(original, route, index).isEmpty()) {
          published.add(route.name());
        }
      }
    }
    return published;
  }

  private static Optional<Published> find(Original original, RouteSettings route, int index) {
    return findAll(original, route, index).stream().findFirst();
  }

  /** Where the routes lead to while the project serves: to its containers themselves. */
  public Backend backend(Original original) {
    Map<String, List<Target>> targets = new TreeMap<>();
    for (RouteSettings route : context.settings().stack().routes()) {
      List<Target> ofRoute = new ArrayList<>();
      for (int index = 0; index < route.listen().ports(); index++) {
        // A route that the project does not publish led nowhere before.
        ofRoute.add(
            find(original, route, index)
                .map(this::target)
                .orElse(new Target("127.0.0.1", route.listen().first() + index)));
      }
      targets.put(route.name(), ofRoute);
    }
    return new Backend("project " + original.project(), targets);
  }

  /** A container without an address of its own is reached as clients reach it. */
  private Target target(Published published) {
    String address = info(published.container()).map(ContainerInfo::address).orElse("");
    if (!address.isEmpty()) {
      return new Target(address, published.port().containerPort());
    }
    String host = published.port().hostAddress();
    boolean all = host.isEmpty() || host.equals("0.0.0.0") || host.equals("::");
    return new Target(all ? "127.0.0.1" : host, published.port().hostPort());
  }

  /** A container of that name that is another one is none of the project that was read. */
  private Optional<ContainerInfo> info(OriginalContainer container) {
    return context
        .engine()
        .container(container.name())
        .filter(found -> found.id().equals(container.id()));
  }

  /** Containers in the order in which they start: those of a list depend on earlier lists alone. */
  static List<List<OriginalContainer>> levels(
      Original original, List<OriginalContainer> containers) {
    Map<String, Set<String>> dependencies = new HashMap<>();
    for (OriginalContainer each : original.containers()) {
      dependencies
          .computeIfAbsent(each.service(), service -> new HashSet<>())
          .addAll(each.dependsOn());
    }
    Map<Integer, List<OriginalContainer>> byDepth = new TreeMap<>();
    for (OriginalContainer each : containers) {
      byDepth
          .computeIfAbsent(
              depth(each.service(), dependencies, new HashSet<>()), depth -> new ArrayList<>())
          .add(each);
    }
    byDepth.values().forEach(level -> level.sort(Comparator.comparing(OriginalContainer::name)));
    return new ArrayList<>(byDepth.values());
  }

  private static int depth(
      String service, Map<String, Set<String>> dependencies, Set<String> above) {
    if (!above.add(service)) {
      return 0; // Compose refuses a circle; labels may have anything.
    }
    int depth =
        dependencies.getOrDefault(service, Set.of()).stream()
            .mapToInt(each -> 1 + depth(each, dependencies, above))
            .max()
            .orElse(0);
    above.remove(service);
    return depth;
  }

  /** Does something with each of the containers at the same time; the first failure is thrown. */
  private static void atOnce(
      List<OriginalContainer> containers, Consumer<OriginalContainer> action) {
    if (containers.size() == 1) {
      action.accept(containers.getFirst());
      return;
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> tasks = new ArrayList<>();
      containers.forEach(each -> tasks.add(threads.submit(() -> action.accept(each))));
      try {
        for (Future<?> task : tasks) {
          task.get();
        }
      } catch (ExecutionException e) {
        switch (e.getCause()) {
          case RuntimeException failure -> throw failure;
          case Error failure -> throw failure;
          case null, default -> throw new IllegalStateException(e);
        }
      } catch (InterruptedException e) {
        threads.shutdownNow();
        Thread.currentThread().interrupt();
        throw new EngineException(
            EngineException.Kind.INTERRUPTED, "stopping or starting containers: interrupted", e);
      }
    }
  }
}
