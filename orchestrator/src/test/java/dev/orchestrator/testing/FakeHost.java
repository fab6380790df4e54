package dev.orchestrator.testing;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleBuilder;
import dev.orchestrator.capsule.DatabaseTable;
import dev.orchestrator.capsule.OutsidePath;
import dev.orchestrator.data.DataCopier;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.health.HealthGate;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.release.Releases;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A host in memory: engine, capsules that write to their data volumes, and clients in front. It
 * outlives the orchestrator that works on it, so a test may kill one at any operation and start the
 * next. Each operation has a name and a number; {@link #faults} decides what happens there.
 */
public final class FakeHost {
  /**
   * The process is gone: not a {@link RuntimeException}, so that nothing in the saga catches it.
   */
  public static final class Killed extends Error {
    private static final long serialVersionUID = 1L;

    public Killed(String where) {
      super(where);
    }
  }

  /** What happens before and after an operation's effect. */
  public interface Faults {
    public default void before(String operation, int number) {}

    public default void after(String operation, int number) {}

    /** In the middle of each write to the journal: nothing of it is durable yet. */
    public default void inJournalWrite() {}
  }

  private static final Set<String> CHANGES =
      Set.of(
          "createVolume",
          "removeVolume",
          "createContainer",
          "startContainer",
          "stopContainer",
          "killContainer",
          "pauseContainer",
          "unpauseContainer",
          "removeContainer");

  public static final String BASE = "orchestrator/base:test";

  public final FakeEngine engine = new FakeEngine(FakeBehaviour.QUIET);
  public final Set<String> writers = new TreeSet<>();

  /** Containers whose service is paused inside. */
  public final Set<String> frozen = new TreeSet<>();

  public final FakeDataVolumes data = new FakeDataVolumes(this);

  /** By container the clones that it has mounted, and by clone the volumes below it. */
  public final Map<String, List<String>> mounted = new TreeMap<>();

  public final Map<String, List<String>> lowers = new TreeMap<>();

  /** Whether clones can be mounted, and files share blocks. */
  public boolean overlays = true;

  public boolean shares;
  public long used = 1;

  /** What coming live passes move, in bytes. */
  public final Deque<Long> passes = new ArrayDeque<>();

  /** Commands run in services, and those that fail. */
  public final List<String> commands = new ArrayList<>();

  public final Set<String> failing = new HashSet<>();

  /** What services keep outside volumes, and the tables of their databases. */
  public final List<OutsidePath> outside = new ArrayList<>();

  public final List<DatabaseTable> tables = new ArrayList<>();

  /** By a capsule image's name: its databases. */
  public final Map<String, Map<String, String>> databases = new HashMap<>();

  /** By a capsule image's name: the probes of its own. */
  public final Map<String, List<Probe>> probes = new HashMap<>();

  /** Probes that were asked, with the container. */
  public final Set<String> asked = new TreeSet<>();

  /** v1 can't read what v2 has written. */
  public boolean oneWay;

  /** Containers and versions. */
  public final Set<String> neverHealthy = new HashSet<>();

  /** Containers that don't tell the state of their services in time, once. */
  public final Set<String> slow = new HashSet<>();

  public final List<String> violations = new ArrayList<>();
  public Faults faults = new Faults() {};

  /** Calls that the engine will not answer from now on. */
  public int away;

  /** Writes that the journal will not take from now on. */
  public int journalFull;

  /** What the wall clock is off by. */
  public Duration clockOff = Duration.ZERO;

  public int operations;
  public int helpers;
  public int written;
  public final List<String> acknowledged = new ArrayList<>();

  public FakeHost() {
    engine.addImage(BASE, Map.of());
    engine.hook(
        new EngineCallHook() {
          @Override
          public void before(String op, String name) {
            answer();
            if (CHANGES.contains(op)) {
              faults.before("engine." + op, ++operations);
            }
            if (op.equals("removeVolume")) {
              data.forget(name);
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

  public void operate(String operation, Runnable effect) {
    int number = ++operations;
    faults.before(operation, number);
    effect.run();
    faults.after(operation, number);
  }

  /** The engine stops with all its containers, and answers again after so many calls. */
  public void restartEngine(int calls) {
    away = 0;
    for (ContainerInfo container : engine.containers(Map.of())) {
      if (container.running()) {
        engine.exit(container.name(), 0);
      }
    }
    away = calls;
  }

  /** Fails as a journal on a full disk would. */
  public void takeLine() {
    faults.inJournalWrite();
    if (journalFull > 0) {
      journalFull--;
      throw new JournalException("the disk is full");
    }
  }

  public void answer() {
    if (away > 0) {
      away--;
      throw new EngineException(EngineException.Kind.UNREACHABLE, "no Docker engine answers");
    }
  }

  /** A client writes a row where the routes lead; it is acknowledged when something took it. */
  public void write(@Nullable String leadsTo) {
    if (leadsTo == null || !alive().contains(leadsTo)) {
      return;
    }
    String row = "row " + ++written + " by " + version(leadsTo);
    data.write(leadsTo, row);
    acknowledged.add(row);
  }

  private String version(String container) {
    return labels(container).getOrDefault(Labels.VERSION, "");
  }

  private Map<String, String> labels(String container) {
    return unasked(() -> engine.container(container)).orElseThrow().labels();
  }

  /** A look at the engine that isn't the orchestrator's: no fault strikes it. */
  public <T> T unasked(Supplier<T> look) {
    int calls = away;
    away = 0;
    try {
      return look.get();
    } finally {
      away = calls;
    }
  }

  public boolean runs(String container) {
    return unasked(() -> engine.container(container)).filter(ContainerInfo::running).isPresent();
  }

  /** It runs or is paused: what it has mounted stays so. */
  public boolean there(String container) {
    return unasked(() -> engine.container(container))
        .filter(c -> c.running() || c.paused())
        .isPresent();
  }

  /** What ended has nothing mounted, and writes no more. */
  public void forgetEnded() {
    writers.removeIf(container -> !there(container));
    mounted.keySet().removeIf(container -> !there(container));
    frozen.removeIf(container -> !there(container));
  }

  /** What writes at this moment: what has ended does no more, what is paused will again. */
  public Set<String> alive() {
    forgetEnded();
    Set<String> now = new TreeSet<>(writers);
    now.removeIf(container -> !runs(container) || frozen.contains(container));
    return now;
  }

  public Capsule capsule(String container) {
    return new FakeCapsule(this, container);
  }

  public CapsuleBuilder builder(Releases releases) {
    return new FakeCapsuleBuilder(this, releases);
  }

  public DataCopier copier() {
    return new FakeCopier(this);
  }

  public HealthGate health() {
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
        answer();
        probes.forEach(probe -> asked.add(capsule.name() + " " + probe.name()));
        String version = version(capsule.name());
        if (neverHealthy.contains(capsule.name()) || neverHealthy.contains(version)) {
          return List.of("db: unhealthy");
        }
        boolean newer =
            version.equals("v1")
                && data.seen(data.of(capsule.name()).getFirst()).stream()
                    .anyMatch(row -> row.endsWith("v2"));
        if (oneWay && newer) {
          return List.of("db: its data is of a newer version");
        }
        return alive().contains(capsule.name()) ? List.of() : List.of("db: not running");
      }
    };
  }
}
