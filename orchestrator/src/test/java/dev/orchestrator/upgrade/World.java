package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleBuilder;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.capsule.Releases;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.DataCopier;
import dev.orchestrator.data.Space;
import dev.orchestrator.engine.Behaviour;
import dev.orchestrator.engine.CallHook;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.InMemoryEngine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.health.HealthGate;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A host in memory: engine, capsules that write to their data volumes, and clients in front. It
 * outlives the orchestrator that works on it, so a test may kill one at any operation and start the
 * next. Each operation has a name and a number; {@link #faults} decides what happens there.
 */
final class World {
  /**
   * The process is gone: not a {@link RuntimeException}, so that nothing in the saga catches it.
   */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1L;

    Killed(String where) {
      super(where);
    }
  }

  /** What happens before and after an operation's effect. */
  interface Faults {
    default void before(String operation, int number) {}

    default void after(String operation, int number) {}
  }

  private static final Set<String> CHANGES =
      Set.of(
          "createVolume",
          "removeVolume",
          "createContainer",
          "startContainer",
          "stopContainer",
          "removeContainer");

  final InMemoryEngine engine = new InMemoryEngine(Behaviour.QUIET);
  final Set<String> writers = new TreeSet<>();
  final Map<String, List<String>> rows = new TreeMap<>();
  final Map<String, Integer> leases = new TreeMap<>();

  /** Containers and versions. */
  final Set<String> neverHealthy = new HashSet<>();

  final List<String> violations = new ArrayList<>();
  Faults faults = new Faults() {};

  /** Calls that the engine will not answer from now on. */
  int away;

  /** Writes that the journal will not take from now on. */
  int journalFull;

  /** What the wall clock is off by. */
  Duration clockOff = Duration.ZERO;

  int operations;
  private int helpers;
  int written;
  final List<String> acknowledged = new ArrayList<>();

  World() {
    engine.addImage("orchestrator/base:test", Map.of());
    engine.hook(
        new CallHook() {
          @Override
          public void before(String op, String name) {
            answer();
            if (CHANGES.contains(op)) {
              faults.before("engine." + op, ++operations);
            }
          }

          @Override
          public void after(String op, String name) {
            if (CHANGES.contains(op)) {
              faults.after("engine." + op, operations);
            }
          }
        });
  }

  void operate(String operation, Runnable effect) {
    int number = ++operations;
    faults.before(operation, number);
    effect.run();
    faults.after(operation, number);
  }

  /** The engine stops with all its containers, and answers again after so many calls. */
  void restartEngine(int calls) {
    away = 0;
    for (ContainerInfo container : engine.containers(Map.of())) {
      if (container.running()) {
        engine.exit(container.name(), 0);
      }
    }
    away = calls;
  }

  /** Fails as a journal on a full disk would. */
  void takeLine() {
    if (journalFull > 0) {
      journalFull--;
      throw new JournalException("the disk is full");
    }
  }

  private void answer() {
    if (away > 0) {
      away--;
      throw new EngineException(EngineException.Kind.UNREACHABLE, "no Docker engine answers");
    }
  }

  private static String data(String container) {
    return container + "-data";
  }

  private List<String> rowsOf(String volume) {
    return rows.computeIfAbsent(volume, name -> new ArrayList<>());
  }

  /** A client writes a row where the routes lead; it is acknowledged when something took it. */
  void write(@Nullable String leadsTo) {
    if (leadsTo == null || !writers.contains(leadsTo)) {
      return;
    }
    String row = "row " + ++written;
    rowsOf(data(leadsTo)).add(row);
    acknowledged.add(row);
  }

  boolean runs(String container) {
    return engine.container(container).filter(ContainerInfo::running).isPresent();
  }

  /** Capsules that write although their container has stopped are gone with it. */
  Set<String> alive() {
    writers.removeIf(container -> !runs(container));
    return writers;
  }

  Capsule capsule(String container) {
    return new WorldCapsule(container);
  }

  private final class WorldCapsule implements Capsule {
    private final String container;

    WorldCapsule(String container) {
      this.container = container;
    }

    private void running(String what) {
      try {
        answer();
      } catch (EngineException e) {
        throw new CapsuleException(what + ": " + e.getMessage(), e);
      }
      if (!runs(container)) {
        throw new EngineException(
            EngineException.Kind.CONFLICT, what + ": " + container + " is not running");
      }
    }

    @Override
    public String name() {
      return container;
    }

    @Override
    public String address() {
      running("address");
      return container;
    }

    @Override
    public void awaitReady(Duration deadline) {
      operate("capsule.ready", () -> running("ready"));
    }

    @Override
    public void create(Duration deadline) {
      operate("capsule.create", () -> running("create"));
    }

    @Override
    public void start(Duration deadline) {
      operate(
          "capsule.start",
          () -> {
            running("start");
            writers.add(container);
            if (alive().size() > 1) {
              violations.add("two writers: " + writers);
            }
          });
    }

    @Override
    public void stop(Duration deadline) {
      operate(
          "capsule.stop",
          () -> {
            running("stop");
            writers.remove(container);
          });
    }

    @Override
    public List<InnerService> services(Duration deadline) {
      running("state");
      String state = alive().contains(container) ? "running" : "exited";
      return List.of(new InnerService("db", state, "healthy", 0, 0, ""));
    }

    @Override
    public ExecResult exec(String service, List<String> command, Duration deadline) {
      return new ExecResult(0, "", "");
    }

    @Override
    public List<String> logs(@Nullable String service, int tail, Duration deadline) {
      return List.of("log of " + container);
    }

    @Override
    public void lease(int epoch, Duration deadline) {
      operate("capsule.lease", () -> leases.put(data(container), epoch));
    }
  }

  CapsuleBuilder builder(Releases releases) {
    return new CapsuleBuilder() {
      @Override
      public void check(String version) {
        operate("builder.check", () -> {});
      }

      @Override
      public CapsuleImage build(String version, Consumer<String> progress) {
        operate("builder.build", () -> engine.addImage("orchestrator/shop:" + version, Map.of()));
        return new CapsuleImage(
            version, "orchestrator/shop:" + version, releases.content(version), Map.of(), 1, false);
      }

      @Override
      public int prune(Collection<String> versions) {
        operate("builder.prune", () -> {});
        return 0;
      }

      @Override
      public String base(Consumer<String> progress) {
        return "orchestrator/base:test";
      }
    };
  }

  DataCopier copier() {
    return new DataCopier() {
      @Override
      public CopyReport copy(
          String from,
          String to,
          Pass pass,
          Map<String, String> labels,
          Duration deadline,
          Consumer<String> progress) {
        String helper = "helper-" + ++helpers;
        engine.createContainer(
            ContainerSpec.helper(
                helper,
                "orchestrator/base:test",
                List.of("rsync"),
                labels,
                List.of(Mount.readOnly(from, "/from"), Mount.of(to, "/to"))));
        engine.startContainer(helper);
        operate(
            "copier.copy",
            () -> {
              if (pass == Pass.FINAL && !alive().isEmpty()) {
                violations.add("last pass while " + writers + " write");
              }
              rows.put(to, new ArrayList<>(rowsOf(from)));
            });
        engine.removeContainer(helper);
        return new CopyReport(1, 1, Duration.ofMillis(1));
      }

      @Override
      public long verify(String from, String to, Map<String, String> labels, Duration deadline) {
        operate("copier.verify", () -> {});
        return 1;
      }

      @Override
      public Space space(String volume, Map<String, String> labels) {
        return new Space(1, 1_000_000_000_000L);
      }
    };
  }

  HealthGate health() {
    return new HealthGate() {
      @Override
      public String await(
          Capsule capsule,
          List<Probe> probes,
          Map<String, Integer> ports,
          VerifySettings settings,
          Consumer<String> progress) {
        operate(
            "health.await",
            () -> {
              List<String> wrong = check(capsule, probes, ports);
              if (!wrong.isEmpty()) {
                throw new HealthException(String.join("; ", wrong));
              }
            });
        return "healthy";
      }

      @Override
      public List<String> check(Capsule capsule, List<Probe> probes, Map<String, Integer> ports) {
        String version =
            engine
                .container(capsule.name())
                .orElseThrow()
                .labels()
                .getOrDefault(Labels.VERSION, "");
        if (neverHealthy.contains(capsule.name()) || neverHealthy.contains(version)) {
          return List.of("db: unhealthy");
        }
        return alive().contains(capsule.name()) ? List.of() : List.of("db: not running");
      }
    };
  }

  /** The proxy of one process of the orchestrator: gone with it. */
  final class WorldTraffic implements Traffic {
    @Nullable String leadsTo;
    boolean held;
    boolean open;

    @Override
    public void open(Duration holdDeadline) {
      held = !open || held;
      open = true;
    }

    @Override
    public void hold(Duration deadline) {
      operate("traffic.hold", () -> held = true);
    }

    @Override
    public Drained drain(Duration budget) {
      return new Drained(0, 0);
    }

    @Override
    public void preview(Side side) {}

    @Override
    public void lead(Side side) {
      operate(
          "traffic.lead",
          () -> {
            leadsTo = side.name();
            held = false;
          });
    }

    @Override
    public boolean leadsTo(String name) {
      return open && !held && name.equals(leadsTo);
    }

    @Override
    public void shut() {
      open = false;
    }

    @Override
    public Receipt.Traffic sinceHold() {
      return new Receipt.Traffic(0, 0, 0, 0, 0, 0);
    }

    @Override
    public List<RouteState> routes() {
      return List.of();
    }

    @Override
    public void close() {}

    /** Where a client's write goes at this moment. */
    @Nullable String reaches() {
      return open && !held ? leadsTo : null;
    }
  }
}
