package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.runtime.CapsuleSpecFactory;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.release.Releases;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.VolumeSettings;
import dev.orchestrator.stack.BackupEnvironment;
import dev.orchestrator.stack.HandoverPort;
import dev.orchestrator.stack.StackControl;
import dev.orchestrator.upgrade.EventHub;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.RunEvent;
import dev.orchestrator.upgrade.RunLimits;
import dev.orchestrator.upgrade.StackEngine;
import dev.orchestrator.upgrade.UpgradeContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** One process of the orchestrator on a {@link FakeHost}, with its real journal below a folder. */
public final class OrchestratorFixture implements AutoCloseable {
  /** All volumes are copied, and a rollback restores the data as of the switch. */
  public static final DataSettings COPY_AND_RESTORE =
      dataSettings(Strategy.COPY, Quiesce.STOP, Rollback.RESTORE);

  private static final Duration SHORT_BAKE = Duration.ofMillis(20);

  public final FakeHost host;
  public final DataSettings dataSettings;
  public final Path home;
  public final Journal journal;
  public final FakeTraffic traffic;
  public final StackControl control;
  public Consumer<RunEvent> eventListener = event -> {};

  /** Failed undos; a run that would repeat its undo for ever fails the test. */
  private int failedUndos;

  public OrchestratorFixture(FakeHost host, Path home) {
    this(host, home, COPY_AND_RESTORE);
  }

  public OrchestratorFixture(FakeHost host, Path home, DataSettings data) {
    this(host, home, data, SHORT_BAKE);
  }

  public OrchestratorFixture(FakeHost host, Path home, DataSettings data, Duration bake) {
    this(host, home, data, bake, List.of());
  }

  public OrchestratorFixture(
      FakeHost host, Path home, DataSettings data, Duration bake, List<Probe> probes) {
    this(host, home, data, bake, probes, Duration.ofMinutes(1));
  }

  public OrchestratorFixture(
      FakeHost host,
      Path home,
      DataSettings data,
      Duration bake,
      List<Probe> probes,
      Duration holdBudget) {
    this(host, home, data, settings(home, data, bake, probes, holdBudget));
  }

  /** A service whose stack has other settings. */
  public OrchestratorFixture(
      FakeHost host, Path home, DataSettings data, UnaryOperator<StackSettings> change) {
    this(
        host,
        home,
        data,
        settings(home, data).withStack(change.apply(settings(home, data).stack())));
  }

  private OrchestratorFixture(FakeHost host, Path home, DataSettings data, Settings settings) {
    this.host = host;
    this.dataSettings = data;
    this.home = home;
    InstantSource clock = () -> Instant.now().plus(host.clockOffset);
    // The journal asks for the time in the middle of each write.
    InstantSource journalClock =
        () -> {
          host.acceptJournalWrite();
          return clock.instant();
        };
    this.journal = Journal.open(home.resolve("journal.db"), journalClock);
    this.traffic = new FakeTraffic(host);
    CapsuleSpecFactory specs =
        new CapsuleSpecFactory(
            new Settings.ImageSettings("", Path.of("../config/image"), false),
            image -> HostGrants.NONE);
    Releases releases = new Releases(settings.stack());
    UpgradeContext context =
        new UpgradeContext(
            settings,
            journal,
            new StackEngine(host.engine, journal, host.others),
            host.builder(releases),
            UpgradeContext.SpecFactory.managed(specs),
            host::capsule,
            host.copier(),
            host.health(),
            traffic,
            clock,
            Duration.ZERO,
            new RunLimits(1, 1),
            host.others);
    this.control =
        new StackControl(
            context,
            releases,
            () -> null,
            this::run,
            HandoverPort.NONE,
            new BackupEnvironment(host.restic, "this-host", now -> null));
  }

  /** Called before each operation on the host, counted from 1. */
  public interface BeforeOperation {
    void reached(String operation, int number);
  }

  /**
   * Lets clients write before each operation, to the container that they reach, and then calls
   * {@code beforeOperation}.
   *
   * @param currentProcess the process that lives at that time
   */
  public static void writeBeforeEachOperation(
      FakeHost host,
      Supplier<OrchestratorFixture> currentProcess,
      BeforeOperation beforeOperation) {
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            host.writeRow(currentProcess.get().traffic.reachedContainer());
            beforeOperation.reached(operation, number);
          }
        };
  }

  private void run(Runnable run) {
    subscribe();
    run.run();
  }

  /**
   * Passes the coming events of the run that is under way to {@link #eventListener}, on its thread.
   */
  public void subscribe() {
    AtomicBoolean replaying = new AtomicBoolean(true);
    journal
        .running()
        .ifPresent(run -> {
          EventHub.Subscription _ =
              control.watch(
                  run.id(),
                  event -> {
                    if (!replaying.get()) {
                      failedUndos += event.text().contains("undoing failed") ? 1 : 0;
                      assertTrue(failedUndos < 100, () -> "undoing has no end: " + event.text());
                      eventListener.accept(event);
                    }
                  });
        });
    replaying.set(false);
  }

  /** A stack "shop" with versions v1, v2 and v3, long budgets and a short bake window. */
  public static Settings settings(Path home) {
    return settings(home, COPY_AND_RESTORE);
  }

  public static DataSettings dataSettings(
      Strategy strategy, Quiesce quiesce, Rollback rollback, VolumeSettings... volumes) {
    return new DataSettings(
        strategy,
        quiesce,
        Map.of(),
        List.of(),
        0,
        false,
        3,
        10,
        false,
        rollback,
        List.of(),
        List.of(),
        List.of(),
        List.of(volumes));
  }

  public static Settings settings(Path home, DataSettings data) {
    return settings(home, data, SHORT_BAKE, List.of(), Duration.ofMinutes(1));
  }

  private static Settings settings(
      Path home, DataSettings data, Duration bake, List<Probe> probes, Duration holdBudget) {
    Path folder = home.resolve("stacks/shop");
    try {
      for (String version : List.of("v1", "v2", "v3")) {
        Path release = Files.createDirectories(folder.resolve("releases").resolve(version));
        if (!Files.exists(release.resolve("compose.yaml"))) {
          Files.writeString(release.resolve("compose.yaml"), "services: {}\n");
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Duration minute = Duration.ofMinutes(1);
    StackSettings stack =
        new StackSettings(
            "shop",
            folder,
            List.of(new RouteSettings("db", "127.0.0.1", 13306, "db", 3306)),
            probes,
            new UpgradeSettings(
                minute,
                minute,
                minute,
                holdBudget,
                Duration.ZERO,
                bake,
                new UpgradeSettings.VerifySettings(1, Duration.ofMillis(1), minute),
                1),
            data);
    return new Settings(
        home.resolve("orchestrator.conf"),
        home,
        new Settings.EngineSettings("", Duration.ofSeconds(10)),
        new Settings.ApiSettings("127.0.0.1", 0),
        new Settings.ImageSettings("", home, false),
        new Settings.ScheduleSettings(null, ZoneOffset.UTC),
        new Settings.TakeoverSettings(Duration.ZERO),
        stack);
  }

  /** Does what a start of the service does, to its end. */
  public void replayJournal() {
    control.reconciler().openRoutes();
    boolean _ = control.reconciler().replayToEnd();
  }

  /**
   * Does what the service does every few seconds: checks the capsule that serves, and removes what
   * is left on other hosts.
   */
  public void superviseOnce() {
    control.reconciler().superviseOnce();
    control.reconciler().removeLeftElsewhere();
  }

  public String container(int generation) {
    return new ResourceNames(settings(home)).container(generation);
  }

  @Override
  public void close() {
    journal.close();
  }
}
