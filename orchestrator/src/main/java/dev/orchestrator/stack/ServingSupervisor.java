package dev.orchestrator.stack;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.traffic.Traffic.Clients;
import dev.orchestrator.upgrade.CapsuleStarter;
import dev.orchestrator.upgrade.ServingLock;
import dev.orchestrator.upgrade.UpgradeContext;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts the capsule that should serve when it does not run: after a reboot of the host, a restart
 * of the engine or a kill, also while an upgrade is being prepared beside it. New connections wait
 * meanwhile. Capsules have no restart policy of the engine, which would start blue and green both.
 *
 * <p>A run takes the {@link ServingLock} when it begins to hold, and keeps it until its end, or
 * until it has released clients to the capsule again.
 */
final class ServingSupervisor {
  private static final Logger log = LoggerFactory.getLogger(ServingSupervisor.class);
  private static final Duration GATE_DEADLINE = Duration.ofMinutes(10);

  /**
   * For so long a capsule whose services were found running is taken for one that serves, as long
   * as its container runs on. Asking for the services starts processes in the capsule, and all of
   * them stop in a container that runs on only when somebody stops them by hand.
   */
  static final Duration SERVICES_KNOWN = Duration.ofSeconds(90);

  private final UpgradeContext context;
  private final CapsuleStarter starter;
  private final ServingLock lock;

  /** The capsule, and the last run, for which self-healing was set. Guarded by the lock. */
  private String healing = "";

  /**
   * The start of a container, and the last run, after which services were seen to run; empty where
   * a run has owned the capsule since. Written by who has failed to take the lock, too.
   */
  private volatile String servicesSeen = "";

  private Instant servicesSeenAt = Instant.MIN;

  /** What should serve, as of the last look; empty where nothing should. */
  private volatile String servingContainer = "";

  /** Connects of clients to it that had failed when its services were last asked for. */
  private volatile long failuresSeen;

  private volatile boolean calm;

  ServingSupervisor(UpgradeContext context) {
    this.context = context;
    this.starter = context.starter();
    this.lock = context.servingLock();
  }

  /**
   * Starts the capsule that should serve, or stops it if the stack is down. Does nothing while a
   * run owns the capsule.
   */
  void superviseOnce() {
    calm = false;
    if (!lock.tryAcquire()) {
      servicesSeen = ""; // The owner of the lock may stop them.
      return;
    }
    try {
      Optional<Generation> serving = context.journal().serving();
      servingContainer = serving.map(Generation::container).orElse("");
      if (serving.isEmpty()) {
        calm = true;
        return;
      }
      if (context.ownerClaim().isTakenOverBetweenRuns(serving.get())) {
        leadOn(serving.get());
      } else if (context.journal().down()) {
        stop(serving.get());
      } else {
        start(serving.get());
      }
    } finally {
      lock.release();
    }
  }

  /**
   * Whether the last look found everything as it should be. Until a container starts or ends the
   * next look will find the same, but for what is done in a capsule by hand.
   */
  boolean isCalm() {
    return calm;
  }

  /**
   * Has the next look ask for the services: somebody may have stopped them by a command in the
   * capsule.
   */
  void distrust() {
    servicesSeen = "";
  }

  /**
   * Whether clients have failed to connect to what serves since its services were asked for: then
   * they are worth another question. Costs nothing but a look at counters.
   */
  boolean doClientsFail() {
    return countFailures() != failuresSeen;
  }

  private long countFailures() {
    return context.traffic().clients(servingContainer).values().stream()
        .mapToLong(Clients::failed)
        .sum();
  }

  /**
   * Stops the capsule after a {@code down} that was cut off: the journal has the stack as down
   * before the capsule is stopped.
   */
  private void stop(Generation generation) {
    if (context
        .engine()
        .container(generation.container())
        .filter(ContainerInfo::running)
        .isEmpty()) {
      calm = true;
    } else {
      context.engine().stopContainer(generation.container(), UpgradeContext.STOP_TIMEOUT);
    }
  }

  private void start(Generation generation) {
    // Also where the capsule runs: at the start of the service a port may have been taken.
    context.traffic().open(GATE_DEADLINE);
    String lastRun = lastRun();
    if (isServing(generation, lastRun)) {
      if (!context.traffic().isOpenTo(generation.container())) {
        context.traffic().switchTo(context.backend(generation));
      }
      leadByKernel(generation);
      heal(generation, lastRun);
      // Another engine tells nothing by itself.
      calm = generation.elsewhere() == null;
      return;
    }
    log.warn("{} should serve and doesn't: starting it", generation.container());
    makeClientsWait();
    String problem = starter.bringUp(generation, "", line -> log.info("{}", line));
    if (!problem.isEmpty()) {
      log.warn("{}: {}", generation.container(), problem);
    }
    context.traffic().switchTo(context.backend(generation));
    healing = "";
  }

  /** What keeps clients from waiting must not keep the capsule from being started. */
  private void makeClientsWait() {
    try {
      context.traffic().hold(GATE_DEADLINE);
      context.traffic().drain(Duration.ZERO);
    } catch (RefusedException e) {
      log.error("clients may be refused until it serves: {}", e.getMessage());
    }
  }

  /** Again at each look, as people flush the rules of packet filters, and firewalls do. */
  private void leadByKernel(Generation generation) {
    if (context.traffic().mayLeadByKernel() && generation.elsewhere() == null) {
      context.traffic().leadByKernel(context.backend(generation));
      leaveWhatIsGone(); // It may have ended since it was looked at.
    }
  }

  /**
   * Has clients come by the proxy, where they wait, when the kernel leads them to an address that
   * the capsule that should serve does not have any more. As soon as the engine has told of a
   * container: the next look may be seconds away. Needs no lock, as the proxy's path is right at
   * any time.
   */
  void containerChanged() {
    try {
      leaveWhatIsGone();
    } catch (RefusedException | JournalException e) {
      log.error("clients may be led to what is gone: {}", e.getMessage());
    }
  }

  private void leaveWhatIsGone() {
    Optional<Backend> led = context.traffic().ledByKernel();
    if (led.isPresent() && !isStillThere(led.get())) {
      log.info("{} does not run where clients are led: they come by the proxy", led.get().name());
      context.traffic().leadByProxy(led.get());
    }
  }

  private boolean isStillThere(Backend led) {
    try {
      Optional<Generation> serving = context.journal().serving();
      return serving.isPresent()
          && starter.runningContainer(serving.get()).isPresent()
          && context.backend(serving.get()).equals(led);
    } catch (EngineException e) {
      return true; // An engine that does not answer has not ended its containers.
    } catch (CapsuleException e) {
      return e.isOutage();
    }
  }

  /**
   * Leads clients to a capsule that the orchestrator of its host looks after: to that one's routes,
   * as soon as they answer, so that its own upgrades hold them too. Starts and stops nothing.
   */
  private void leadOn(Generation generation) {
    context.traffic().open(GATE_DEADLINE);
    Optional<Backend> routes = context.routesOf(generation);
    if (routes.isPresent() && !context.traffic().isOpenTo(routes.get().name())) {
      context.traffic().switchTo(routes.get());
    }
  }

  /** The last run and how it has ended: each may have stopped services and started them again. */
  private String lastRun() {
    return context.journal().lastRun().map(run -> " " + run.id() + " " + run.outcome()).orElse("");
  }

  /** Whether the container runs, and services in it do or did a moment ago. */
  private boolean isServing(Generation generation, String lastRun) {
    Optional<ContainerInfo> container = starter.runningContainer(generation);
    if (container.isEmpty()) {
      return false;
    }
    String start = container.get().id() + " " + container.get().startedAt() + lastRun;
    Instant now = context.clock().instant();
    boolean known =
        start.equals(servicesSeen)
            && !doClientsFail()
            && !now.isBefore(servicesSeenAt)
            && now.isBefore(servicesSeenAt.plus(SERVICES_KNOWN));
    if (known) {
      return true;
    }
    servicesSeen = "";
    failuresSeen = countFailures();
    if (!starter.runsServices(generation)) {
      return false;
    }
    servicesSeen = start;
    servicesSeenAt = now;
    return true;
  }

  /**
   * Tells the capsule to restart services that stay unhealthy. Once after each start and each run:
   * a run tells it to leave that, and a stop of its services does.
   */
  private void heal(Generation generation, String lastRun) {
    String state = generation.container() + lastRun;
    if (state.equals(healing)) {
      return;
    }
    try {
      context
          .capsule(generation)
          .heal(context.settings().stack().healAfter(), context.briefTimeout());
    } catch (CapsuleException e) {
      if (e.isOutage()) {
        throw e;
      }
      // A capsule that was built before this existed. Asking again would not help.
      log.info("no self-healing in {}: {}", generation.container(), e.getMessage());
    }
    healing = state;
  }
}
