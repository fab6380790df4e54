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
  public static final class ProcessKilledError extends Error {
    private static final long serialVersionUID = 1L;

    public ProcessKilledError(String where) {
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

  private static final Set<String> CHANGING_CALLS =
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

  public static final String BASE_IMAGE = "orchestrator/base:test";

  public final FakeEngine engine = new FakeEngine(FakeBehaviour.QUIET);
  public final Set<String> writingContainers = new TreeSet<>();

  /** Containers whose service is paused inside. */
  public final Set<String> frozenContainers = new TreeSet<>();

  public final FakeDataVolumes volumes = new FakeDataVolumes(this);

  /** By container the clones that it has mounted, and by clone the volumes below it. */
  public final Map<String, List<String>> mountedClones = new TreeMap<>();

  public final Map<String, List<String>> layersBelowClones = new TreeMap<>();

  /** Whether clones can be mounted, and files share blocks. */
  public boolean supportsOverlays = true;

  public boolean supportsReflinks;
  public long usedBytes = 1;

  /** What coming live passes move, in bytes. */
  public final Deque<Long> nextPassBytes = new ArrayDeque<>();

  /** Commands run in services, and those that fail. */
  public final List<String> executedCommands = new ArrayList<>();

  public final Set<String> failingCommands = new HashSet<>();

  /** What services keep outside volumes, and the tables of their databases. */
  public final List<OutsidePath> outsidePaths = new ArrayList<>();

  public final List<DatabaseTable> tables = new ArrayList<>();

  /** By a capsule image's name: its databases. */
  public final Map<String, Map<String, String>> databasesByImage = new HashMap<>();

  /** By a capsule image's name: the probes of its own. */
  public final Map<String, List<Probe>> probesByImage = new HashMap<>();

  /** Probes that were asked, with the container. */
  public final Set<String> askedProbes = new TreeSet<>();

  /** v1 can't read what v2 has written. */
  public boolean v1RejectsDataOfV2;

  /** Containers and versions. */
  public final Set<String> unhealthy = new HashSet<>();

  /** Containers that don't tell the state of their services in time, once. */
  public final Set<String> slowToAnswer = new HashSet<>();

  public final List<String> violations = new ArrayList<>();
  public Faults faults = new Faults() {};

  /** Calls that the engine will not answer from now on. */
  public int unansweredEngineCalls;

  /** Writes that the journal will not take from now on. */
  public int refusedJournalWrites;

  /** What the wall clock is off by. */
  public Duration clockOffset = Duration.ZERO;

  public int operationCount;
  public int helperCount;
  public int rowCount;
  public final List<String> acknowledgedRows = new ArrayList<>();

  public FakeHost() {
    engine.addImage(BASE_IMAGE, Map.of());
    engine.hook(
        new EngineCallHook() {
          @Override
          public void before(String op, String name) {
            requireEngine();
            if (CHANGING_CALLS.contains(op)) {
              faults.before("engine." + op, ++operationCount);
            }
            if (op.equals("removeVolume")) {
              volumes.delete(name);
            }
          }

          @Override
          public void after(String op, String name) {
            if (CHANGING_CALLS.contains(op)) {
              faults.after("engine." + op, operationCount);
            }
          }
        });
  }

  public void operate(String operation, Runnable effect) {
    int number = ++operationCount;
    faults.before(operation, number);
    effect.run();
    faults.after(operation, number);
  }

  /** The engine stops with all its containers, and answers again after so many calls. */
  public void restartEngine(int calls) {
    unansweredEngineCalls = 0;
    for (ContainerInfo container : engine.containers(Map.of())) {
      if (container.running()) {
        engine.exit(container.name(), 0);
      }
    }
    unansweredEngineCalls = calls;
  }

  /** Fails as a journal on a full disk would. */
  public void acceptJournalWrite() {
    faults.inJournalWrite();
    if (refusedJournalWrites > 0) {
      refusedJournalWrites--;
      throw new JournalException("the disk is full");
    }
  }

  public void requireEngine() {
    if (unansweredEngineCalls > 0) {
      unansweredEngineCalls--;
      throw new EngineException(EngineException.Kind.UNREACHABLE, "no Docker engine answers");
    }
  }

  /** A client writes a row where the routes lead; it is acknowledged when something took it. */
  public void writeRow(@Nullable String container) {
    if (container == null || !activeWriters().contains(container)) {
      return;
    }
    String row = "row " + ++rowCount + " by " + versionOf(container);
    volumes.appendRow(container, row);
    acknowledgedRows.add(row);
  }

  private String versionOf(String container) {
    return labelsOf(container).getOrDefault(Labels.VERSION, "");
  }

  private Map<String, String> labelsOf(String container) {
    return withoutOutage(() -> engine.container(container)).orElseThrow().labels();
  }

  /** A look at the engine that isn't the orchestrator's: no fault strikes it. */
  public <T> T withoutOutage(Supplier<T> look) {
    int calls = unansweredEngineCalls;
    unansweredEngineCalls = 0;
    try {
      return look.get();
    } finally {
      unansweredEngineCalls = calls;
    }
  }

  public boolean isRunning(String container) {
    return withoutOutage(() -> engine.container(container))
        .filter(ContainerInfo::running)
        .isPresent();
  }

  /** It runs or is paused: what it has mounted stays so. */
  public boolean isRunningOrPaused(String container) {
    return withoutOutage(() -> engine.container(container))
        .filter(c -> c.running() || c.paused())
        .isPresent();
  }

  /** What ended has nothing mounted, and writes no more. */
  public void forgetEndedContainers() {
    writingContainers.removeIf(container -> !isRunningOrPaused(container));
    mountedClones.keySet().removeIf(container -> !isRunningOrPaused(container));
    frozenContainers.removeIf(container -> !isRunningOrPaused(container));
  }

  /** What writes at this moment: what has ended does no more, what is paused will again. */
  public Set<String> activeWriters() {
    forgetEndedContainers();
    Set<String> active = new TreeSet<>(writingContainers);
    active.removeIf(container -> !isRunning(container) || frozenContainers.contains(container));
    return active;
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
              List<String> problems = check(capsule, probes, ports);
              if (!problems.isEmpty()) {
                throw new HealthException(String.join("; ", problems));
              }
            });
        return "healthy";
      }

      @Override
      public List<String> check(Capsule capsule, List<Probe> probes, Map<String, Integer> ports) {
        requireEngine();
        probes.forEach(probe -> askedProbes.add(capsule.name() + " " + probe.name()));
        String version = versionOf(capsule.name());
        if (unhealthy.contains(capsule.name()) || unhealthy.contains(version)) {
          return List.of("db: unhealthy");
        }
        boolean hasDataOfV2 =
            version.equals("v1")
                && volumes.readRows(volumes.mountedBy(capsule.name()).getFirst()).stream()
                    .anyMatch(row -> row.endsWith("v2"));
        if (v1RejectsDataOfV2 && hasDataOfV2) {
          return List.of("db: its data is of a newer version");
        }
        return activeWriters().contains(capsule.name()) ? List.of() : List.of("db: not running");
      }
    };
  }
}
