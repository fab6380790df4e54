package dev.orchestrator.demo;

import dev.orchestrator.Service;
import dev.orchestrator.adopt.Original;
import dev.orchestrator.adopt.OriginalContainer;
import dev.orchestrator.adopt.OriginalData;
import dev.orchestrator.adopt.OriginalPort;
import dev.orchestrator.engine.BuildSpec;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.StackControl;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.RunWatcher;
import dev.orchestrator.testing.TestImagesFixture;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.RunEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A compose project with a database, started by Compose on the host's engine, and the service with
 * a stack for it. Closing it removes both.
 */
final class AdoptedProjectFixture implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofMinutes(5);
  private static final Path IMAGES = Path.of("../config/image").toAbsolutePath().normalize();
  private static final Path DATABASE =
      Path.of("../config/stacks/demo/images/db").toAbsolutePath().normalize();
  private static final String SOCKET = "/var/run/docker.sock";
  private static final String PROJECT_LABEL = "com.docker.compose.project";

  private final String name = "adopted" + ProcessHandle.current().pid();
  private final Path folder;
  private final Engine engine = DockerEngine.connect("", TIMEOUT);
  private final Settings settings;
  private final String image = "orchestrator/test-adopted:" + name;
  private final String base = TestImagesFixture.base(engine);
  private Service service;
  final int port = FreePorts.next();

  AdoptedProjectFixture(Path directory) throws IOException {
    folder = Files.createDirectories(directory.resolve(name));
    String _ =
        engine.build(
            new BuildSpec(DATABASE, "Dockerfile", null, Map.of(), Labels.role("test-image"), image),
            TIMEOUT,
            line -> {});
    Files.createDirectories(folder.resolve("notes"));
    Files.writeString(folder.resolve("notes/readme.txt"), "as the user wrote it\n");
    Files.writeString(
        folder.resolve("compose.yaml"),
        """
        name: %s
        services:
          db:
            image: %s
            environment: {WORDPRESS_DB_PASSWORD: demo-wordpress, LEDGER_DB_PASSWORD: demo-ledger}
            volumes: ["db:/var/lib/mysql", "./notes:/notes"]
            tmpfs: [/run, /tmp]
            ports: ["127.0.0.1:%d:3306"]
            stop_grace_period: 60s
            restart: unless-stopped
            healthcheck:
              test: [CMD, healthy]
              interval: 500ms
              timeout: 3s
              retries: 120
        volumes: {db: {}}
        """
            .formatted(name, image, port));
    Path release =
        Files.createDirectories(directory.resolve("stacks").resolve(name + "/releases/1"));
    Files.copy(folder.resolve("compose.yaml"), release.resolve("compose.yaml"));
    settings = settings(directory);
    service = Service.start(settings);
    try {
      compose("up", "-d", "--wait");
    } catch (RuntimeException | AssertionError e) {
      close();
      throw e;
    }
  }

  private Settings settings(Path directory) {
    return new Settings(
        directory.resolve("orchestrator.conf"),
        directory.resolve("home"),
        new Settings.EngineSettings("", Duration.ofSeconds(30)),
        new Settings.ApiSettings("127.0.0.1", 0),
        new Settings.ImageSettings("", IMAGES, false),
        new Settings.ScheduleSettings(null, ZoneOffset.UTC),
        new Settings.TakeoverSettings(Duration.ofSeconds(30)),
        new StackSettings(
            name,
            directory.resolve("stacks").resolve(name),
            List.of(new RouteSettings("db", "127.0.0.1", port, "db", 3306)),
            List.of(new Probe("db", "db", new Probe.Tcp(3306), Duration.ofSeconds(2))),
            new UpgradeSettings(
                Duration.ofMinutes(10),
                Duration.ofSeconds(60),
                Duration.ofMinutes(5),
                Duration.ofSeconds(60),
                Duration.ofSeconds(1),
                Duration.ofSeconds(2),
                new VerifySettings(2, Duration.ofMillis(250), Duration.ofSeconds(30)),
                1),
            new DataSettings(DataSettings.Strategy.AUTO, DataSettings.Quiesce.STOP, 100_000_000)));
  }

  /** Runs Compose on the host's engine, as a user would in the project's folder. */
  private void compose(String... arguments) {
    String helper = name + "-compose";
    List<String> command = new ArrayList<>(List.of("docker", "compose", "--project-directory"));
    command.add(folder.toString());
    command.addAll(List.of("-f", folder.resolve("compose.yaml").toString()));
    command.addAll(List.of(arguments));
    ContainerSpec spec =
        ContainerSpec.helper(
            helper,
            base,
            command,
            Labels.role("test"),
            List.of(Mount.of(SOCKET, SOCKET), Mount.of(folder.toString(), folder.toString())));
    engine.createContainer(spec);
    try {
      engine.startContainer(helper);
      int code = engine.awaitExit(helper, TIMEOUT);
      if (code != 0) {
        throw new AssertionError(String.join("\n", engine.logs(helper, 20)));
      }
    } finally {
      engine.removeContainer(helper);
    }
  }

  /** The project as it runs. */
  Original read() {
    ContainerInfo db = database();
    return new Original(
        name,
        List.of(
            new OriginalContainer(
                db.id(),
                db.name(),
                "db",
                "unless-stopped",
                true,
                Duration.ofSeconds(60),
                List.of(),
                List.of(new OriginalPort("127.0.0.1", port, 3306, "tcp")))),
        List.of(
            new OriginalData("volumes/db", name + "_db", null),
            new OriginalData("binds/notes", null, folder.resolve("notes"))));
  }

  ContainerInfo database() {
    return engine.containers(Map.of(PROJECT_LABEL, name)).getFirst();
  }

  StackControl control() {
    Control control = service.control();
    return (StackControl) control;
  }

  /** The service ends in the middle of what it does, and starts again. */
  void restart() {
    service.close();
    service = Service.start(settings);
  }

  Receipt await(String run, Consumer<RunEvent> listener) throws InterruptedException {
    return RunWatcher.await(control(), run, listener);
  }

  /** Everything of the stack on the engine: containers and volumes, by name. */
  List<String> leftOver() {
    Map<String, String> labels = new ResourceNames(settings).stackLabels();
    List<String> names = new ArrayList<>();
    engine.containers(labels).forEach(each -> names.add(each.name()));
    engine.volumes(labels).forEach(each -> names.add(each.name()));
    return names;
  }

  @Override
  public void close() {
    try (Engine last = engine) {
      try (Service closing = service) {
        closing.control().down(Control.Removal.IMAGES);
      }
      compose("down", "--volumes", "--timeout", "5");
      last.removeImage(image);
    }
  }
}
