package dev.orchestrator.upgrade;

import dev.orchestrator.backup.BackupLog;
import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleBuilder;
import dev.orchestrator.capsule.runtime.CapsuleSpecFactory;
import dev.orchestrator.compose.ServicePorts;
import dev.orchestrator.data.DataCopier;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.engine.RemoteEngines;
import dev.orchestrator.health.HealthGate;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.settings.AutoRoutes;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import dev.orchestrator.traffic.Traffic;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The dependencies of the saga and its steps: the ports to the outside (engine, journal, proxy,
 * ...) that the constructor takes, and the saga's collaborators, which it wires once. As
 * thread-safe as its members.
 */
public final class UpgradeContext {
  /** Time limit of a stop of a container; longer than the grace times of the services in it. */
  public static final Duration STOP_TIMEOUT = Duration.ofMinutes(2);

  /**
   * Added to the hold budget to get the proxy's deadline: the saga ends a hold within the budget,
   * and the proxy's deadline only acts when the saga hangs.
   */
  public static final Duration GATE_SLACK = Duration.ofMinutes(5);

  private final Settings settings;
  private final Journal journal;
  private final Engine engine;
  private final CapsuleBuilder builder;
  private final SpecFactory specs;
  private final Function<String, Capsule> capsules;
  private final DataCopier copier;
  private final HealthGate health;
  private final Traffic traffic;
  private final InstantSource clock;
  private final Duration undoPause;
  private final RunLimits runLimits;
  private final RemoteEngines others;

  private final ResourceNames names;
  private final VersionProbes probes;
  private final EventHub events;
  private final RunLog log;
  private final ServingLock servingLock = new ServingLock();
  private final CapsuleStarter starter;
  private final VolumeRebaser rebaser;
  private final Retention retention;
  private final DataChanges changes;
  private final DataPlanner planner;
  private final DataTransfer transfer;
  private final FilePlanner files;
  private final UnusedData unusedData;
  private final VolumeImports imports;
  private final ArchiveImports archives;
  private final ServiceHooks hooks;
  private final FailureLogs failureLogs;
  private final BlueRestorer blueRestorer;
  private final OriginalContainers originals;
  private final PortRedirect redirect;
  private final PortTakeover ports;
  private final LeftBehind leftBehind;
  private final OwnerClaim ownerClaim;
  private final IsolatedCapsules isolated;
  private final Rehearsal rehearsal;
  private final InvariantChecks invariants;
  private final Reversals reversals;
  private final Candidates candidates;
  private final SentCandidates sentCandidates;
  private final LostHost lostHost;
  private final Snapshots snapshots;
  private final SnapshotFiles snapshotFiles;
  private final BackupLog backupLog;
  private final BackupRequirement backupRequirement;

  /**
   * Wires the collaborators; nothing is started.
   *
   * @param specs makes the specification of a capsule's container
   * @param capsules the capsule in the container with a given name
   * @param undoPause the first pause before a failed undo is repeated; pauses grow to ten times
   *     this
   * @param runLimits what all stacks of the service share
   * @param others the engines of other hosts
   */
  public UpgradeContext(
      Settings settings,
      Journal journal,
      Engine engine,
      CapsuleBuilder builder,
      SpecFactory specs,
      Function<String, Capsule> capsules,
      DataCopier copier,
      HealthGate health,
      Traffic traffic,
      InstantSource clock,
      Duration undoPause,
      RunLimits runLimits,
      RemoteEngines others) {
    this.settings = settings;
    this.journal = journal;
    this.engine = engine;
    this.builder = builder;
    this.specs = specs;
    this.capsules = capsules;
    this.copier = copier;
    this.health = health;
    this.traffic = traffic;
    this.clock = clock;
    this.undoPause = undoPause;
    this.runLimits = runLimits;
    this.others = others;
    this.names = new ResourceNames(settings);
    this.probes = new VersionProbes(this);
    this.events = new EventHub(journal, clock);
    this.log = new RunLog(journal, events, traffic);
    this.starter = new CapsuleStarter(this);
    this.rebaser = new VolumeRebaser(this);
    this.retention = new Retention(this);
    this.changes = new DataChanges(this);
    this.planner = new DataPlanner(this);
    this.transfer = new DataTransfer(this);
    this.files = new FilePlanner(this);
    this.unusedData = new UnusedData(this);
    this.imports = new VolumeImports(this);
    this.archives = new ArchiveImports(this);
    this.hooks = new ServiceHooks(this);
    this.failureLogs = new FailureLogs(this);
    this.blueRestorer = new BlueRestorer(this);
    this.originals = new OriginalContainers(this);
    this.redirect = new PortRedirect(this);
    this.ports = new PortTakeover(this);
    this.leftBehind = new LeftBehind(this);
    this.ownerClaim = new OwnerClaim(this);
    this.isolated = new IsolatedCapsules(this);
    this.rehearsal = new Rehearsal(this);
    this.invariants = new InvariantChecks(this);
    this.reversals = new Reversals(this);
    this.candidates = new Candidates(this);
    this.sentCandidates = new SentCandidates(this);
    this.lostHost = new LostHost(this);
    this.snapshots = new Snapshots(this);
    this.snapshotFiles = new SnapshotFiles(this);
    this.backupLog = new BackupLog(settings.state());
    this.backupRequirement = new BackupRequirement(this);
  }

  /** Makes the specification of a capsule's container. */
  @FunctionalInterface
  public interface SpecFactory {
    ContainerSpec of(Generation generation, Map<String, String> labels);

    /** Specifications of capsules that start their services only on command. */
    static SpecFactory managed(CapsuleSpecFactory specs) {
      return (generation, labels) ->
          specs.managed(
              generation.container(),
              generation.image(),
              generation.number(),
              generation.volumes(),
              generation.storeVolume(),
              labels);
    }
  }

  public Settings settings() {
    return settings;
  }

  /** Settings of how the stack's data moves. */
  public DataSettings dataSettings() {
    return settings.stack().data();
  }

  /** The same for a run: a snapshot has a way of its own in which services stop writing. */
  public DataSettings dataSettings(UpgradeRun run) {
    if (!run.makesSnapshot()) {
      return dataSettings();
    }
    DataSettings.Quiesce wanted = SnapshotOptions.ofRun(this, run.id()).quiesce();
    return dataSettings()
        .withQuiesce(wanted == null ? settings.stack().snapshots().quiesce() : wanted);
  }

  /** Budgets and deadlines of the stack's upgrades. */
  public UpgradeSettings limits() {
    return settings.stack().upgrade();
  }

  public Journal journal() {
    return journal;
  }

  public Engine engine() {
    return engine;
  }

  public CapsuleBuilder builder() {
    return builder;
  }

  /** Creates a generation's container, with the values of the secrets that its services take. */
  void createContainer(Generation generation, String run) {
    createContainer(generation, run, 0);
  }

  /**
   * The same. The ports of a generation on another engine are published on its host, as nothing
   * else of it is reached from here.
   *
   * @param attempt another one takes other ports
   */
  void createContainer(Generation generation, String run, int attempt) {
    ContainerSpec spec =
        specs
            .of(generation, names.generationLabels(generation, run, "capsule"))
            .withEnv(builder.variables(generation.version(), generation.image()));
    RemoteEngine where = generation.elsewhere();
    engine.createContainer(
        where == null
            ? spec
            : spec.withImage(names.sentImage(generation))
                .withPublished(PublishedPorts.of(generation, where.host(), attempt)));
  }

  /** Puts the stack's own files beside the data of a capsule, for the orchestrator there. */
  public void sendFiles(Generation generation) {
    TravellingFiles.put(engine, settings.stack(), generation);
  }

  /** The engines of other hosts. */
  public RemoteEngines others() {
    return others;
  }

  /** The ports at which a generation's services are reached at its address. */
  private Map<String, Integer> ports(Generation generation) {
    if (generation.elsewhere() == null) {
      return generation.ports();
    }
    Map<Integer, Integer> published =
        engine.container(generation.container()).map(ContainerInfo::published).orElse(Map.of());
    return PublishedPorts.reached(generation.ports(), published);
  }

  /**
   * Creates the container of a proof or rehearsal: services in it can be asked, and reach nothing
   * outside.
   *
   * @param network an isolated network
   */
  public void createIsolatedContainer(Generation generation, String run, String network) {
    ContainerSpec spec = specs.of(generation, names.generationLabels(generation, run, "capsule"));
    engine.createContainer(
        CapsuleSpecFactory.isolated(spec, network)
            .withEnv(builder.variables(generation.version(), generation.image())));
  }

  public DataCopier copier() {
    return copier;
  }

  public Traffic traffic() {
    return traffic;
  }

  public InstantSource clock() {
    return clock;
  }

  Duration undoPause() {
    return undoPause;
  }

  /** What the runs of all stacks of the service share. */
  public RunLimits runLimits() {
    return runLimits;
  }

  public ResourceNames names() {
    return names;
  }

  public EventHub events() {
    return events;
  }

  public RunLog log() {
    return log;
  }

  public ServingLock servingLock() {
    return servingLock;
  }

  public CapsuleStarter starter() {
    return starter;
  }

  public VolumeRebaser rebaser() {
    return rebaser;
  }

  public Retention retention() {
    return retention;
  }

  public DataChanges changes() {
    return changes;
  }

  public DataPlanner planner() {
    return planner;
  }

  public DataTransfer transfer() {
    return transfer;
  }

  public FilePlanner files() {
    return files;
  }

  public UnusedData unusedData() {
    return unusedData;
  }

  public VolumeImports imports() {
    return imports;
  }

  public ArchiveImports archives() {
    return archives;
  }

  public ServiceHooks hooks() {
    return hooks;
  }

  public FailureLogs failureLogs() {
    return failureLogs;
  }

  public BlueRestorer blueRestorer() {
    return blueRestorer;
  }

  public OriginalContainers originals() {
    return originals;
  }

  public PortRedirect redirect() {
    return redirect;
  }

  public PortTakeover ports() {
    return ports;
  }

  public LeftBehind leftBehind() {
    return leftBehind;
  }

  public Snapshots snapshots() {
    return snapshots;
  }

  public SnapshotFiles snapshotFiles() {
    return snapshotFiles;
  }

  /** Who a capsule on another host belongs to. */
  public OwnerClaim ownerClaim() {
    return ownerClaim;
  }

  /** Capsules that are made to be looked at and thrown away. */
  public IsolatedCapsules isolated() {
    return isolated;
  }

  /** Tries versions out on copies of the data. */
  public Rehearsal rehearsal() {
    return rehearsal;
  }

  /** Compares figures of the data before and after. */
  public InvariantChecks invariants() {
    return invariants;
  }

  /** Finds out which ways back there are from a version. */
  public Reversals reversals() {
    return reversals;
  }

  public Candidates candidates() {
    return candidates;
  }

  /** What moves have sent to other engines. */
  public SentCandidates sentCandidates() {
    return sentCandidates;
  }

  /** A host that the stack was moved to, and that is gone. */
  public LostHost lostHost() {
    return lostHost;
  }

  /** How the stack's backups stand. */
  public BackupLog backupLog() {
    return backupLog;
  }

  public BackupRequirement backupRequirement() {
    return backupRequirement;
  }

  HealthGate health() {
    return health;
  }

  public Capsule capsule(Generation generation) {
    return capsules.apply(generation.container());
  }

  /** Time limit of a short query to a capsule: a third of the limit of one call to the engine. */
  public Duration briefTimeout() {
    return settings.engine().timeout().dividedBy(3);
  }

  /**
   * Finds out the routes of a stack with {@code routes = auto}: those of the version that serves or
   * would serve if the stack weren't down. To be called while the routes are closed.
   */
  public void resolveServingRoutes() {
    settings
        .stack()
        .autoRoutes()
        .ifPresent(auto ->
            auto.set(
                journal
                    .serving()
                    .map(serving -> AutoRoutes.parse(serving.ports().keySet()))
                    .orElse(List.of())));
  }

  /** The same of a version that is to serve as the first. */
  public void resolveRoutes(String version) {
    settings
        .stack()
        .autoRoutes()
        .ifPresent(auto -> {
          auto.set(List.of()); // Nothing is open, so that no difference is told.
          auto.set(builder.routes(version));
        });
  }

  /**
   * The routes of the orchestrator on another host that has taken a generation over; empty until it
   * has told them.
   */
  public Optional<Backend> routesOf(Generation generation) {
    RemoteEngine where = generation.elsewhere();
    if (where == null || AttachedRoutes.isOfThisHost(where.host())) {
      return Optional.empty();
    }
    Optional<String> told =
        engine
            .volume(AttachedRoutes.volume(generation.container()))
            .map(volume -> volume.labels().getOrDefault(AttachedRoutes.LABEL, ""));
    return told.map(text ->
        new Backend(
            generation.container() + "-routes",
            AttachedRoutes.targets(text, where.host(), settings.stack().routes())));
  }

  /** The backend that the routes lead to while a generation serves. */
  public Backend backend(Generation generation) {
    String host = capsule(generation).address();
    Map<String, Integer> reached = ports(generation);
    Map<String, List<Target>> targets = new HashMap<>();
    for (RouteSettings route : settings.stack().routes()) {
      List<Target> ports = new ArrayList<>();
      for (int inner : route.servicePorts()) {
        List<Integer> published = ServicePorts.find(reached, route.portKey(inner));
        // A route that was added after the version was built: the service's own port is the best
        // guess.
        ports.add(
            published.isEmpty()
                ? new Target(host, inner)
                : new Target(host, published.getFirst(), published.size()));
      }
      targets.put(route.name(), List.copyOf(ports));
    }
    return new Backend(generation.container(), Map.copyOf(targets));
  }

  /** Problems of a generation's services and of the probes that apply to it; empty when healthy. */
  public List<String> checkHealth(Generation generation) {
    return health.check(capsule(generation), probes.askable(generation), ports(generation));
  }

  /** Begins to watch a generation for problems as {@link #checkHealth} finds them. */
  public HealthGate.Watch watchHealth(Generation generation) {
    return health.watch(capsule(generation), probes.askable(generation), ports(generation));
  }

  /**
   * Waits until a generation is healthy; returns one line with the result.
   *
   * @throws dev.orchestrator.health.HealthException when it is not healthy in time
   */
  public HealthGate.Healthy awaitHealthy(
      Generation generation, VerifySettings settings, Consumer<String> progress) {
    return awaitHealthyWithout(List.of(), generation, settings, progress);
  }

  /** The same, of a capsule without these services: nothing is asked of them. */
  HealthGate.Healthy awaitHealthyWithout(
      Collection<String> leftOut,
      Generation generation,
      VerifySettings settings,
      Consumer<String> progress) {
    Map<String, Integer> ports = new HashMap<>(ports(generation));
    ports.keySet().removeIf(port -> leftOut.contains(port.replaceFirst(":.*", "")));
    return health.await(
        capsule(generation),
        probes.askable(generation).stream()
            .filter(probe -> !leftOut.contains(probe.service()))
            .toList(),
        ports,
        settings,
        progress);
  }

  /**
   * Gives a generation the lease of its data and starts its services; returns when all are started.
   *
   * @throws dev.orchestrator.health.HealthException when a service ends with an error again and
   *     again
   */
  public void startServices(Generation generation, Duration limit, Consumer<String> progress) {
    health.start(capsule(generation), generation.number(), limit, progress);
  }

  /**
   * Starts the services of a generation that has served before, and returns, with one line on the
   * result, as soon as its routes accept and its probes pass: clients are waiting.
   *
   * @throws dev.orchestrator.health.HealthException when that is not so in time
   */
  String serve(Generation generation, VerifySettings settings, Consumer<String> progress) {
    return health.serve(
        capsule(generation), probes.askable(generation), ports(generation), settings, progress);
  }

  /**
   * The probes and routes of the stack that a running generation can't be asked or reached by,
   * because it lacks their service or port: one line each, with the reason.
   */
  public List<String> probesNotAsked(Generation generation) {
    return probes.describeNotAsked(generation);
  }

  /**
   * Whether clients were led to a run's candidate, so that it may have data that nothing else has.
   */
  public boolean hasServed(UpgradeRun run) {
    return journal.switched(run.id()).isPresent();
  }
}
