package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleBuilder;
import dev.orchestrator.capsule.runtime.CapsuleSpecFactory;
import dev.orchestrator.data.DataCopier;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.health.HealthGate;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import dev.orchestrator.traffic.Traffic;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Everything that the steps of a run work with: the outside world (engine, journal, proxy, ...) as
 * it is handed in, and the saga's own collaborators, wired once. Thread-safe as far as its members
 * are.
 */
public final class UpgradeContext {
  /** The outer time-out of a stop: the grace times of the services are within it. */
  public static final Duration STOP_TIMEOUT = Duration.ofMinutes(2);

  /**
   * Added to the budget of a hold for the proxy's own deadline: the proxy is the last resort, the
   * saga ends a hold before it.
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
  private final ServiceHooks hooks;
  private final FailureLogs failureLogs;
  private final BlueRestorer blueRestorer;

  /**
   * Wires the collaborators; nothing is started.
   *
   * @param specs how the container of a generation's capsule is made
   * @param capsules the capsule in the container of a name
   * @param undoPause before an undo that failed is tried again; grows to ten times this
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
      Duration undoPause) {
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
    this.hooks = new ServiceHooks(this);
    this.failureLogs = new FailureLogs(this);
    this.blueRestorer = new BlueRestorer(this);
  }

  /** Makes the specification of a capsule's container. */
  @FunctionalInterface
  public interface SpecFactory {
    ContainerSpec of(Generation generation, Map<String, String> labels);

    /** Of capsules that start their services only when they are told to. */
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

  /** How the data of the stack moves. */
  public DataSettings dataSettings() {
    return settings.stack().data();
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

  public SpecFactory specs() {
    return specs;
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

  public Duration undoPause() {
    return undoPause;
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

  public ServiceHooks hooks() {
    return hooks;
  }

  public FailureLogs failureLogs() {
    return failureLogs;
  }

  public BlueRestorer blueRestorer() {
    return blueRestorer;
  }

  public Capsule capsule(Generation generation) {
    return capsules.apply(generation.container());
  }

  /** For a look in passing: a third of the time that one call to the engine may take. */
  public Duration briefTimeout() {
    return settings.engine().timeout().dividedBy(3);
  }

  /** Where the routes lead when a generation serves. */
  public Backend backend(Generation generation) {
    String host = capsule(generation).address();
    Map<String, List<Target>> targets = new HashMap<>();
    for (RouteSettings route : settings.stack().routes()) {
      List<Target> ports = new ArrayList<>();
      for (int inner : route.servicePorts()) {
        Integer port = generation.ports().get(route.service() + ":" + inner);
        // The route was added after the version was built: the service's own port is the best
        // guess.
        ports.add(new Target(host, port == null ? inner : port));
      }
      targets.put(route.name(), List.copyOf(ports));
    }
    return new Backend(generation.container(), Map.copyOf(targets));
  }

  /** What is wrong with a generation's services, and with the probes that it can be asked. */
  public List<String> checkHealth(Generation generation) {
    return health.check(capsule(generation), probes.askable(generation), generation.ports());
  }

  /**
   * Waits until a generation is healthy; returns one line on it.
   *
   * @throws dev.orchestrator.health.HealthException when it is not in time
   */
  public String awaitHealthy(
      Generation generation, VerifySettings settings, Consumer<String> progress) {
    return health.await(
        capsule(generation), probes.askable(generation), generation.ports(), settings, progress);
  }

  /**
   * The probes of the stack that a generation, which runs, is not asked, as it lacks their service
   * or port: one line each, with the reason.
   */
  public List<String> probesNotAsked(Generation generation) {
    return probes.describeNotAsked(generation);
  }

  /** Whether clients were led to the candidate of a run: then the candidate may have new data. */
  public boolean hasServed(UpgradeRun run) {
    return journal.switched(run.id()).isPresent();
  }
}
