package dev.orchestrator.testing;

import dev.orchestrator.backup.FakeRestic;
import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleBuilder;
import dev.orchestrator.capsule.ChangedFile;
import dev.orchestrator.capsule.DatabaseCheck;
import dev.orchestrator.capsule.DatabaseSchema;
import dev.orchestrator.capsule.DatabaseTable;
import dev.orchestrator.capsule.FilesReport;
import dev.orchestrator.capsule.MemoryUse;
import dev.orchestrator.capsule.OutsidePath;
import dev.orchestrator.capsule.SeededFiles;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.compose.ReleaseFiles;
import dev.orchestrator.data.DataCopier;
import dev.orchestrator.data.Occupied;
import dev.orchestrator.data.SqliteTables;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.engine.RemoteEngines;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.health.HealthGate;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.proxy.config.Backend;
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
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A host in memory: an engine, capsules that write to their data volumes, and clients. It outlives
 * the orchestrator process that works on it, so that a test may kill a process at any operation and
 * start the next. Each operation has a name and a number; {@link #faults} decides what happens at
 * it. Violations of the rules of data are collected in {@link #violations}.
 */
public final class FakeHost {
  /** The process was killed. An error, so that no handler in the saga catches it. */
  public static final class ProcessKilledError extends Error {
    private static final long serialVersionUID = 1L;

    public ProcessKilledError(String where) {
      super(where);
    }
  }

  /** Faults that a test injects; each method may throw. */
  public interface Faults {
    public default void before(String operation, int number) {}

    public default void after(String operation, int number) {}

    /** Called in the middle of each write to the journal, before any of it is durable. */
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
          "setRestartPolicy",
          "removeContainer",
          "createIsolatedNetwork",
          "removeNetwork");

  public static final String BASE_IMAGE = "orchestrator/base:test";

  /** A project that may be adopted; there is none until it is brought up. */
  public final FakeProject project = new FakeProject(this);

  public final FakeEngine engine = new FakeEngine(project);

  /** The engine of another host. */
  public final FakeEngine otherEngine = new FakeEngine(project, "other");

  /** Whether the other host does not answer. */
  public boolean otherIsAway;

  /** The other host, by whatever address. */
  public final RemoteEngines others =
      new RemoteEngines() {
        @Override
        public Found find(String address) {
          return new Found(
              new RemoteEngine(address, "other", "192.0.2.7"), otherEngine, otherEngine.info());
        }

        @Override
        public Engine at(RemoteEngine where) {
          return otherEngine;
        }
      };

  public final Set<String> writingContainers = new TreeSet<>();

  /** Containers whose service is paused inside the capsule. */
  public final Set<String> frozenContainers = new TreeSet<>();

  public final FakeDataVolumes volumes = new FakeDataVolumes(this);

  /** The repository of backups. */
  public FakeRestic restic = new FakeRestic(this);

  /** Mounted clones by container. */
  public final Map<String, List<String>> mountedClones = new TreeMap<>();

  /** Volumes below each clone, by clone. */
  public final Map<String, List<String>> layersBelowClones = new TreeMap<>();

  /** Whether the host can mount overlays. */
  public boolean supportsOverlays = true;

  /** Whether files can share their blocks. */
  public boolean supportsReflinks;

  public long usedBytes = 1;

  /** What each capsule tells of its memory. */
  public MemoryUse memory = new MemoryUse(100 << 20, 200 << 20, 8L << 30);

  /** The services that a container goes without. */
  public final Map<String, Set<String>> leftOut = new HashMap<>();

  public long freeBytes = 1_000_000_000_000L;

  /** Bytes that the next live passes of copies move. */
  public final Deque<Long> nextPassBytes = new ArrayDeque<>();

  /** How many rounds each wait for a healthy capsule was to have. */
  public final List<Integer> awaitedPasses = new ArrayList<>();

  /** Commands that hooks have run in services, with the container. */
  public final List<String> executedCommands = new ArrayList<>();

  /** What the services of a version mount of their data, such as {@code volumes/db}, by version. */
  public final Map<String, List<String>> mounts = new TreeMap<>();

  /** Services of a version beside db, which no capsule has, by version. */
  public final Map<String, List<String>> moreServices = new TreeMap<>();

  /** Told of each command that a hook runs, before it ends. */
  public Consumer<String> commandListener = words -> {};

  /** Volumes of the host whose content a volume has begun with, by that volume and path. */
  public final Map<String, String> imported = new TreeMap<>();

  /** Files of snapshots that were copied, by the place that they were copied to. */
  public final Map<String, String> taken = new TreeMap<>();

  /** How often capsules were asked for the state of their services. */
  public int serviceQueries;

  /** Commands that fail. */
  public final Set<String> failingCommands = new HashSet<>();

  /** Files that services keep outside volumes. */
  public final List<OutsidePath> outsidePaths = new ArrayList<>();

  /** Images that no version needs any more. */
  public final List<String> unneededImages = new ArrayList<>();

  /** Files of releases that services write to, by version. */
  public final Map<String, ReleaseFiles> releaseFiles = new HashMap<>();

  /** The release's files in every capsule's data, and what a start makes of them. */
  public SeededFiles seededFiles = SeededFiles.NONE;

  public FilesReport filesReport = FilesReport.NONE;

  /** Files that differ from their release's, for the doctor. */
  public final List<ChangedFile> changedFiles = new ArrayList<>();

  /** What the databases of a capsule find in themselves, by container; else that all is well. */
  public final Map<String, List<DatabaseCheck>> databaseChecks = new HashMap<>();

  /** Tables of the services' databases. */
  public final List<DatabaseTable> tables = new ArrayList<>();

  /** How long the last pass of each copy is said to have taken. */
  public Duration lastPass = Duration.ofMillis(1);

  /** What volumes take on the disk now; others all that they have taken first. */
  public final Map<String, Occupied> occupied = new HashMap<>();

  /** Whether it can't be found out what volumes take. */
  public boolean occupiedFails;

  /** The tables of SQLite files by volume; of volumes that are not here there are none. */
  public final Map<String, SqliteTables> sqliteTables = new HashMap<>();

  /** Databases by name of a capsule image. */
  public final Map<String, Map<String, String>> databasesByImage = new HashMap<>();

  /** What capsules get of the host, by image. */
  public final Map<String, HostGrants> grantsByImage = new HashMap<>();

  /** Probes of releases by name of a capsule image. */
  public final Map<String, List<Probe>> probesByImage = new HashMap<>();

  /** Probes that were run, with the container. */
  public final Set<String> askedProbes = new TreeSet<>();

  /** Whether v1 is unhealthy on data that v2 has written to. */
  public boolean v1RejectsDataOfV2;

  /** After how many looks each capsule restarts a service, as it was told last. */
  public final Map<String, Integer> healing = new HashMap<>();

  /** Containers and versions that never become healthy. */
  public final Set<String> unhealthy = new HashSet<>();

  /** Containers whose next query of their services' state times out. */
  public final Set<String> slowToAnswer = new HashSet<>();

  /** Containers whose service does not stop within its grace time and is killed. */
  public final Set<String> slowToStop = new HashSet<>();

  /** Versions whose migration loses all rows of a table, and that are healthy for all that. */
  public final Set<String> losingRows = new HashSet<>();

  /** The schemas of the databases of each version, by version. */
  public final Map<String, List<DatabaseSchema>> schemas = new HashMap<>();

  /** Invariants that are not answered. */
  public final Set<String> unanswered = new HashSet<>();

  /** Whether the kernel may lead clients past the proxy. */
  public boolean kernelPath = true;

  /** What it leads new connections to, also when the process that has said so is dead. */
  public @Nullable Backend ledByKernel;

  public final List<String> violations = new ArrayList<>();
  public Faults faults = new Faults() {};

  private boolean looking;

  /** How many of the next calls the engine does not answer. */
  public int unansweredEngineCalls;

  /** How many of the next writes fail because the journal's disk is full. */
  public int refusedJournalWrites;

  /** Error of the wall clock. */
  public Duration clockOffset = Duration.ZERO;

  public int operationCount;
  public int helperCount;
  public int rowCount;
  public final List<String> acknowledgedRows = new ArrayList<>();

  public FakeHost() {
    engine.addImage(BASE_IMAGE, Map.of());
    engine.hook(hook(engine));
    otherEngine.hook(hook(otherEngine));
  }

  private EngineCallHook hook(FakeEngine called) {
    return new EngineCallHook() {
      @Override
      public void before(String op, String name) {
        if (called == engine) {
          requireEngine();
        } else if (otherIsAway && !looking) {
          throw new EngineException(
              EngineException.Kind.UNREACHABLE, "the other host does not answer");
        }
        if (isChanging(op, name)) {
          faults.before("engine." + op, ++operationCount);
        }
        if (op.equals("removeVolume")) {
          volumes.delete(name);
        }
      }

      @Override
      public void after(String op, String name) {
        if (isChanging(op, name)) {
          faults.after("engine." + op, operationCount);
        }
      }
    };
  }

  /** The engine that has a volume or container. */
  public FakeEngine engineWith(String name) {
    return withoutOutage(() ->
        otherEngine.volume(name).isPresent() || otherEngine.container(name).isPresent()
            ? otherEngine
            : engine);
  }

  /** A container, whatever engine it is on. */
  public Optional<ContainerInfo> container(String name) {
    return engine.container(name).or(() -> otherEngine.container(name));
  }

  public ContainerSpec spec(String container) {
    return engineWith(container).spec(container);
  }

  /** Commands in capsules are operations of their own; those in a helper of redirection are not. */
  private static boolean isChanging(String op, String name) {
    return CHANGING_CALLS.contains(op) || (op.equals("exec") && name.endsWith("-redirect"));
  }

  /** Runs an operation, with the faults before and after its effect. */
  public void operate(String operation, Runnable effect) {
    int number = ++operationCount;
    faults.before(operation, number);
    effect.run();
    faults.after(operation, number);
  }

  /** Stops the engine with all its containers; it answers again after a number of calls. */
  public void restartEngine(int calls) {
    unansweredEngineCalls = 0;
    boolean projectRan = project.exists() && project.isRunning();
    for (ContainerInfo container : engine.containers(Map.of())) {
      if (container.running()) {
        engine.exit(container.name(), 0);
      }
    }
    if (project.exists()) {
      project.engineRestarted(projectRan);
    }
    unansweredEngineCalls = calls;
  }

  /** Takes a write of the journal, or fails as on a full disk. */
  public void acceptJournalWrite() {
    faults.inJournalWrite();
    if (refusedJournalWrites > 0) {
      refusedJournalWrites--;
      throw new JournalException("the disk is full");
    }
  }

  /** Fails like a call to an engine that does not answer. */
  public void requireEngine() {
    if (unansweredEngineCalls > 0) {
      unansweredEngineCalls--;
      throw new EngineException(EngineException.Kind.UNREACHABLE, "no Docker engine answers");
    }
  }

  /** A client writes a row to a container; the row is acknowledged if a service takes it. */
  public void writeRow(@Nullable String container) {
    if (container == null || !activeWriters().contains(container)) {
      return;
    }
    String row = "row " + ++rowCount + " by " + versionOf(container);
    volumes.appendRow(container, row);
    acknowledgedRows.add(row);
  }

  String versionOf(String container) {
    return labelsOf(container).getOrDefault(Labels.VERSION, "");
  }

  private Map<String, String> labelsOf(String container) {
    return withoutOutage(() -> container(container)).orElseThrow().labels();
  }

  /** Runs a query of the test's own, which the engine answers although it is stopped. */
  public <T> T withoutOutage(Supplier<T> look) {
    int calls = unansweredEngineCalls;
    boolean before = looking;
    unansweredEngineCalls = 0;
    looking = true;
    try {
      return look.get();
    } finally {
      unansweredEngineCalls = calls;
      looking = before;
    }
  }

  public boolean isRunning(String container) {
    return withoutOutage(() -> container(container)).filter(ContainerInfo::running).isPresent();
  }

  /** Whether a container runs or is paused, so that its mounts stay. */
  public boolean isRunningOrPaused(String container) {
    return withoutOutage(() -> container(container))
        .filter(c -> c.running() || c.paused())
        .isPresent();
  }

  /** Drops the writers and mounts of containers that have ended. */
  public void forgetEndedContainers() {
    writingContainers.removeIf(container -> !isRunningOrPaused(container));
    mountedClones.keySet().removeIf(container -> !isRunningOrPaused(container));
    frozenContainers.removeIf(container -> !isRunningOrPaused(container));
  }

  /** Containers whose services can write now; paused ones can't until they are thawed. */
  public Set<String> activeWriters() {
    forgetEndedContainers();
    Set<String> active = new TreeSet<>(writingContainers);
    active.removeIf(container -> !isRunning(container) || frozenContainers.contains(container));
    return active;
  }

  /** The writers that clients may reach. */
  public Set<String> reachableWriters() {
    Set<String> reachable = activeWriters();
    reachable.removeIf(this::isIsolated);
    return reachable;
  }

  /** Whether a container is in a network without a way out. */
  public boolean isIsolated(String container) {
    return !spec(container).network().equals("bridge");
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
      public Healthy await(
          Capsule capsule,
          List<Probe> probes,
          Map<String, Integer> ports,
          VerifySettings settings,
          Consumer<String> progress) {
        awaitedPasses.add(settings.passes());
        operate(
            "health.await",
            () -> {
              List<String> problems = check(capsule, probes, ports);
              if (!problems.isEmpty()) {
                throw new HealthException(String.join("; ", problems));
              }
            });
        return new Healthy("healthy", List.of(), Map.of());
      }

      @Override
      public boolean accepts(String address, int port, Duration timeout) {
        return project.isRunning();
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

  /** The rows that a capsule's service finds in its table. */
  int countRows(String container) {
    return losingRows.contains(versionOf(container))
        ? 0
        : volumes.readRows(volumes.mountedBy(container).getFirst()).size();
  }

  /** What the services of a capsule mount, by absolute path. */
  List<String> dataPaths(String container) {
    String version = container(container).orElseThrow().labels().get(Labels.VERSION);
    return mounts.getOrDefault(version, List.of()).stream().map(path -> "/data/" + path).toList();
  }
}
