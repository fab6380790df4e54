package dev.orchestrator.demo;

import dev.orchestrator.Service;
import dev.orchestrator.adopt.RunningProjectFixture;
import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.runtime.ContainerCapsule;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.home.HomeOwnership;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.stack.AdoptRequest;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.StackSummary;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.RunWatcher;
import dev.orchestrator.testing.TestImagesFixture;
import dev.orchestrator.testing.VolumeInspector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A compose project with MariaDB, PostgreSQL and SQLite over HTTP, which Compose runs on the host's
 * engine as a user has it run, and a service without any stack beside it. Its images stay on the
 * engine, as those of the light stack do; closing it removes all else.
 */
final class DatabaseProjectFixture implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofMinutes(5);
  private static final Path RESOURCES = Path.of("src/test/resources");

  private final Engine engine = DockerEngine.connect("", TIMEOUT);
  private final String mariadb;
  private final String postgres;
  private final Path stacks;
  private final Service service;
  private final RunningProjectFixture project;
  final String name = "databases" + ProcessHandle.current().pid();
  final int mariadbPort = FreePorts.next();
  final int postgresPort = FreePorts.next();
  final int ledgerPort = FreePorts.next();

  DatabaseProjectFixture(Path directory) throws IOException {
    String base = TestImagesFixture.base(engine);
    mariadb = TestImagesFixture.database(engine, "mariadb", "1");
    postgres = TestImagesFixture.database(engine, "postgres", "1");
    Path folder = Files.createDirectories(directory.resolve("projects").resolve(name));
    Files.copy(RESOURCES.resolve("databases/compose.yaml"), folder.resolve("compose.yaml"));
    Files.writeString(folder.resolve(".env"), environment("1"));
    stacks = directory.resolve("stacks");
    Path config =
        Files.writeString(
            directory.resolve("orchestrator.conf"),
            """
            home = "%s"
            image.folder = "%s"
            upgrade.rehearse = off
            api.listen = "127.0.0.1:0"
            data.reserve = 100MiB
            upgrade.bake = 2s
            """
                .formatted(
                    directory.resolve("home"),
                    Path.of("../config/image").toAbsolutePath().normalize()));
    service = Service.start(config, System.getenv(), HomeOwnership.ALONE);
    project =
        RunningProjectFixture.of(
            engine, base, name, folder, Map.of(Labels.OURS, "1", "project", name));
    try {
      project.compose(Map.of(), "up", "--detach", "--wait");
    } catch (RuntimeException | AssertionError e) {
      close();
      throw e;
    }
  }

  private String environment(String version) {
    return """
    MARIADB_IMAGE=%s
    POSTGRES_IMAGE=%s
    LEDGER_IMAGE=%s
    MARIADB_DELAY=1
    MARIADB_PORT=%d
    POSTGRES_PORT=%d
    LEDGER_PORT=%d
    """
        .formatted(
            mariadb,
            postgres,
            TestImagesFixture.database(engine, "ledger", version),
            mariadbPort,
            postgresPort,
            ledgerPort);
  }

  /** Adopts the project as a user does; returns when the run has ended. */
  Receipt adopt() throws InterruptedException {
    return await(service.stacks().adopt(new AdoptRequest(name, null, false)).id());
  }

  Receipt await(String run) throws InterruptedException {
    return RunWatcher.await(control(), run, event -> {});
  }

  /** Of the stack that the project has become. */
  Control control() {
    return service.stacks().control(name);
  }

  /** The capsule that serves. */
  Capsule serving() {
    return new ContainerCapsule(
        engine,
        Objects.requireNonNull(control().status().serving()).container(),
        InstantSource.system());
  }

  /** Writes version 2, with a newer image of the ledger, as a user does who copies version 1. */
  void writeVersion2() throws IOException {
    Path releases = stacks.resolve(name).resolve("releases");
    try (Stream<Path> files = Files.walk(releases.resolve("1"))) {
      for (Path file : files.toList()) {
        Files.copy(file, releases.resolve("2").resolve(releases.resolve("1").relativize(file)));
      }
    }
    Files.writeString(releases.resolve("2/.env"), environment("2"));
  }

  /** The project's own containers by service, as Compose has made them. */
  Map<String, ContainerDetails> containers() {
    Map<String, ContainerDetails> byService = new TreeMap<>();
    project
        .containers()
        .forEach(each -> byService.put(each.label("com.docker.compose.service"), each));
    return byService;
  }

  /** Overwrites a few thousand bytes of a file in a snapshot. */
  void damage(String snapshot, String file, int offset) {
    String volume = control().snapshot(snapshot).volumes().getFirst().volume();
    String _ =
        new VolumeInspector(engine)
            .runWriting(
                volume,
                "test -e /look/%1$s; head -c 3000 /dev/urandom | dd of=/look/%1$s bs=1 seek=%2$d conv=notrunc status=none"
                    .formatted(file, offset));
  }

  /** Everything of the stack on the engine: containers and volumes, by name. */
  List<String> leftOver() {
    Map<String, String> labels = Map.of(Labels.OURS, "1", Labels.STACK, name);
    List<String> names = new ArrayList<>();
    engine.containers(labels).forEach(each -> names.add(each.name()));
    engine.volumes(labels).forEach(each -> names.add(each.name()));
    return names;
  }

  @Override
  public void close() {
    try (Engine _ = engine;
        RunningProjectFixture _ = project;
        Service closing = service) {
      for (StackSummary stack : closing.stacks().list()) {
        closing.stacks().control(stack.stack()).down(Control.Removal.IMAGES);
      }
    }
  }
}
