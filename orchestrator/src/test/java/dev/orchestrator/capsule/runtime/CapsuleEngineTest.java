package dev.orchestrator.capsule.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.health.HealthChecker;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.health.RouteChecks;
import dev.orchestrator.settings.GrantSettings;
import dev.orchestrator.settings.GrantSettings.DockerSocket;
import dev.orchestrator.settings.GrantSettings.HostPath;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A capsule's life on a real engine: built, up, asked, stopped, up again. */
@Tag("engine")
@Rotates
class CapsuleEngineTest {
  private static final Duration DEADLINE = Duration.ofSeconds(60);
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final String id = UUID.randomUUID().toString().substring(0, 8);
  private final Map<String, String> labels =
      Labels.with(Labels.role("capsule"), Labels.HOME, "test-" + id);
  private final Engine engine = DockerEngine.connect("", DEADLINE);
  private final Vertx vertx = Vertx.vertx();
  @TempDir Path directory;
  private Map<String, String> variables = Map.of();
  private Settings settings;
  private ImageBuilder builder;
  private HealthChecker health;

  @BeforeEach
  void setUp() {
    settings = LightStackFixture.in(directory).settings(8080);
    builder = new ImageBuilder(engine, settings, labels, InstantSource.system());
    health = new HealthChecker(vertx, new RouteChecks(List.of()), InstantSource.system());
  }

  @AfterEach
  void tearDown() throws Exception {
    String home = labels.getOrDefault(Labels.HOME, "");
    engine.containers(Map.of(Labels.HOME, home)).forEach(c -> engine.removeContainer(c.name()));
    engine.volumes(Map.of(Labels.HOME, home)).forEach(v -> engine.removeVolume(v.name()));
    engine.close();
    vertx.close().toCompletionStage().toCompletableFuture().get();
  }

  @Test
  void livesThroughStopAndStartWithItsData() throws Exception {
    CapsuleImage image = builder.build("v1", System.out::println);
    assertEquals(8080, image.ports().get("ledger:80"));
    Capsule capsule = started(image, 1);

    System.out.println(check(capsule, image));
    assertEquals(
        List.of("greeter", "ledger"),
        capsule.services(DEADLINE).stream().map(InnerService::service).toList());
    assertEquals("written\n", post(capsule, image, "first"));

    capsule.stop(DEADLINE);
    assertTrue(
        capsule.services(DEADLINE).stream().allMatch(service -> service.state().equals("exited")));
    assertFalse(health.check(capsule, settings.stack().probes(), image.ports()).isEmpty());

    engine.stopContainer(capsule.name(), DEADLINE);
    engine.startContainer(capsule.name());
    capsule.awaitReady(DEADLINE);
    capsule.start(DEADLINE);
    check(capsule, image);
    assertEquals("first\n", get(capsule, image, "/lines"));
    assertTrue(capsule.logs("ledger", 5, DEADLINE).getLast().endsWith("ledger v1"));
  }

  /** The capsule's scripts have a variable of this name. */
  @Test
  void secretOfAVariableIsInTheServiceAndNotInTheImage() throws Exception {
    Path release = settings.stack().releases().resolve("v1");
    Files.writeString(release.resolve(".env"), "SEED=swordfish\n", StandardOpenOption.APPEND);
    Files.writeString(
        release.resolve("compose.yaml"),
        Files.readString(release.resolve("compose.yaml"))
                .replace(
                    "    environment:\n",
                    "    secrets: [db]\n    environment:\n      CAPSULE_MODE:\n")
            + "secrets: {db: {environment: SEED}}\n");
    CapsuleImage image = builder.build("v1", System.out::println);
    CapsuleException e = assertThrows(CapsuleException.class, () -> started(image, 1));
    assertMessage("secrets or configs need the variable SEED", e);
    engine.removeContainer("orchestrator-test-" + id);
    engine.removeVolume("orchestrator-test-" + id + "-store");

    variables = builder.variables("v1", image.reference());
    assertEquals(Map.of("SEED", "swordfish"), variables);
    Capsule capsule = started(image, 1);
    assertEquals(
        "swordfish", inside(capsule, "capsule", "exec", "ledger", "cat", "/run/secrets/db"));
    String environment = inside(capsule, "capsule", "exec", "ledger", "env");
    assertFalse(environment.contains("CAPSULE_MODE"), environment);
    assertEquals("", inside(capsule, "grep", "-rl", "swordfish", "/capsule/stack"));
    assertFalse(
        engine.image(image.reference()).orElseThrow().labels().toString().contains("swordfish"));
  }

  /** Whoever has begun the stop may be gone, such as a service that was killed. */
  @Test
  void aStartWaitsForAStopThatIsUnderWay() throws Exception {
    Path compose = settings.stack().releases().resolve("v1/compose.yaml");
    Files.writeString(
        compose,
        Files.readString(compose)
            .replace(
                "    build: ../../images/greeter",
                "    build: ../../images/greeter\n    entrypoint:"
                    + " [sh, -c, \"trap 'sleep 2; exit' TERM; sleep 1d & wait\"]"));
    Capsule capsule = started(builder.build("v1", line -> {}), 1);
    assertEquals(
        "",
        inside(capsule, "sh", "-c", "setsid capsule stop >/tmp/stopped 2>&1 </dev/null & echo"));
    assertEquals(
        "0",
        inside(
            capsule,
            "timeout",
            "20",
            "sh",
            "-c",
            "until flock --nonblock --conflict-exit-code 9 /run/capsule/stop.lock true; [ $? = 9 ];"
                + " do sleep 0.05; done; echo $?"));
    capsule.start(DEADLINE);
    assertEquals(
        List.of("running", "running"),
        capsule.services(DEADLINE).stream().map(InnerService::state).toList());
    assertEquals("", inside(capsule, "timeout", "20", "flock", "/run/capsule/stop.lock", "true"));
    assertEquals(
        List.of("running", "running"),
        capsule.services(DEADLINE).stream().map(InnerService::state).toList());
  }

  private String inside(Capsule capsule, String... command) {
    return engine.exec(capsule.name(), List.of(command), DEADLINE).stdout().strip();
  }

  @Test
  void refusesToStartOnDataOfNewerEpoch() {
    Capsule capsule = started(builder.build("v1", line -> {}), 3);
    capsule.stop(DEADLINE);
    capsule.lease(4, DEADLINE);

    CapsuleException e = assertThrows(CapsuleException.class, () -> capsule.start(DEADLINE));
    assertMessage("its data belongs to epoch 4", e);
  }

  /** As people move a stack: they copy its volume, and start its image with plain Docker. */
  @Test
  void aCopyOfItsDataRunsByTheCommandThatTheImageHas() throws Exception {
    CapsuleImage image = builder.build("v1", line -> {});
    Capsule capsule = started(image, 7);
    check(capsule, image);
    assertEquals("written\n", post(capsule, image, "first"));
    capsule.stop(DEADLINE);
    engine.stopContainer(capsule.name(), DEADLINE);

    String help = docker("docker run --rm " + image.reference() + " help");
    assertTrue(help.contains("8080/tcp -> ledger:80"), help);
    String command =
        engine
            .image(image.reference())
            .orElseThrow()
            .labels()
            .getOrDefault("dev.orchestrator.run", "");
    assertTrue(help.replace("\n  ", "\n").contains(command), help);
    assertTrue(command.contains(" --publish=127.0.0.1:8080:8080 "), "as its route: " + command);
    int port = FreePorts.next();
    String mine =
        command
            .replace(
                "--name=light",
                "--name=%s-alone --label=%s=test-%s".formatted(capsule.name(), Labels.HOME, id))
            .replace("--publish=127.0.0.1:8080:8080", "--publish=127.0.0.1:" + port + ":8080");

    String original = capsule.name() + "-data";
    docker(mine.replace("light-data:", original + ":"));
    assertEquals(3, engine.awaitExit(capsule.name() + "-alone", DEADLINE));
    String said = String.join("\n", engine.logs(capsule.name() + "-alone", 5));
    assertTrue(said.contains("with --env CAPSULE_EPOCH=7"), said);
    engine.removeContainer(capsule.name() + "-alone");

    String copy = capsule.name() + "-copy";
    engine.createVolume(copy, labels);
    docker(
        "docker run --rm --volume %s:/from:ro --volume %s:/to --entrypoint cp %s -a /from/. /to"
            .formatted(original, copy, image.reference()));
    docker(mine.replace("light-data:", copy + ":"));
    Capsule alone = new ContainerCapsule(engine, capsule.name() + "-alone", InstantSource.system());
    alone.awaitReady(DEADLINE);
    check(alone, image);
    assertEquals("first\n", get(alone, image, "/lines"));
    said = String.join("\n", engine.logs(alone.name(), 20));
    assertTrue(said.contains("the data is a copy of " + original), said);
  }

  private static String docker(String command) throws Exception {
    Process process =
        new ProcessBuilder("timeout", "60", "bash", "-c", command)
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said;
  }

  @Test
  void brokenVersionNeverGetsHealthyAndSaysWhy() {
    CapsuleImage image = builder.build("v3", line -> {});
    Capsule capsule = started(image, 1);

    HealthException e = assertThrows(HealthException.class, () -> check(capsule, image));
    assertMessage("service ledger: is unhealthy: its health check says: HTTP/1.1 500", e);
  }

  @Test
  void aServiceHasWhatStackConfGrantsOfTheHost() throws Exception {
    LightStackFixture stack = LightStackFixture.in(directory, "granted");
    Path media = Files.createDirectories(directory.resolve("media"));
    Files.writeString(media.resolve("film"), "the host's");
    GrantSettings grants =
        new GrantSettings(
            List.of(new HostPath(media.toString(), false)),
            DockerSocket.INNER,
            false,
            List.of("SYS_NICE"),
            List.of());
    settings =
        LightStackFixture.changed(s ->
                new StackSettings(
                        s.name(), s.folder(), s.routes(), List.of(), s.upgrade(), s.data())
                    .withGrants(grants))
            .apply(stack.settings(8080));
    builder = new ImageBuilder(engine, settings, labels, InstantSource.system());
    Path release = Files.createDirectories(stack.folder().resolve("releases/v7"));
    Files.writeString(
        release.resolve("compose.yaml"),
        """
        services:
          ledger:
            build: ../../images/greeter
            entrypoint: [sleep, infinity]
            container_name: the-ledger
            init: true
            read_only: true
            tmpfs: ["/scratch:size=1m,uid=5"]
            shm_size: 100m
            devices: [/dev/null:/dev/nothing]
            cap_add: [SYS_NICE]
            ulimits: {nofile: 3000}
            sysctls: {net.core.somaxconn: "777"}
            ports: ["80"]
            volumes:
              - MEDIA:/media
              - MEDIA/film:/film:ro
              - /var/run/docker.sock:/var/run/docker.sock
              - /etc/localtime:/etc/localtime:ro
              - /etc/timezone:/etc/timezone:ro
          greeter:
            build: ../../images/greeter
            entrypoint: [sleep, infinity]
            network_mode: container:the-ledger
        """
            .replace("MEDIA", media.toString()));

    List<String> warnings = builder.check("v7").warnings();
    assertTrue(warnings.toString().contains(media + " of the host (rw, service ledger)"));
    Capsule capsule = started(builder.build("v7", line -> {}), 1);

    assertEquals("the host's", inside(capsule, "cat /media/film; echo new >/media/made"));
    assertEquals("new\n", Files.readString(media.resolve("made")));
    assertEquals("the host's", inside(capsule, "cat /film"));
    assertTrue(inside(capsule, "cat /etc/timezone").matches("[A-Za-z_]+(/[A-Za-z_]+)?\n"));
    assertEquals("TZif", inside(capsule, "head -c 4 /etc/localtime"));
    assertEquals(
        "3000\n777\n100M\n1.0M 5\n",
        inside(
            capsule,
            "ulimit -n; cat /proc/sys/net/core/somaxconn; df -h --output=size /dev/shm | tail -n 1"
                + " | tr -d ' '; echo $(df -h --output=size /scratch | tail -n 1) $(stat -c %u"
                + " /scratch)"));
    assertEquals(
        "0\n", inside(capsule, "grep CapPrm /proc/1/status | grep -c 0000000000000000; true"));
    assertTrue(inside(capsule, ask("GET", "/v1.44/containers/json")).contains("the-ledger"));
    assertTrue(inside(capsule, ask("POST", "/containers/the-ledger/kill")).contains(" 403 "));
    assertEquals(
        "",
        capsule
            .exec("greeter", List.of("sh", "-c", "grep -c eth0 /proc/net/dev >/dev/null"), DEADLINE)
            .stderr());
  }

  private static String inside(Capsule capsule, String script) {
    return capsule.exec("ledger", List.of("sh", "-c", script), DEADLINE).stdout();
  }

  /** A request to the Docker socket of a service, by what Debian's base has. */
  private static String ask(String method, String path) {
    return "perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(\"/var/run/docker.sock\"); print"
        + " $s \"%s %s HTTP/1.0\\r\\n\\r\\n\"; print <$s>'".formatted(method, path);
  }

  private static void assertMessage(String part, Exception e) {
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(part), message);
  }

  private Capsule started(CapsuleImage image, int epoch) {
    String name = "orchestrator-test-" + id;
    engine.createVolume(name + "-data", labels);
    engine.createVolume(name + "-store", labels);
    engine.createContainer(
        new CapsuleSpecFactory(settings.image(), builder::grants)
            .managed(
                name,
                image.reference(),
                epoch,
                List.of(DataVolume.plain("data", name + "-data", Method.NEW, List.of())),
                name + "-store",
                labels)
            .withEnv(variables));
    engine.startContainer(name);
    Capsule capsule = new ContainerCapsule(engine, name, InstantSource.system());
    capsule.awaitReady(DEADLINE);
    capsule.create(List.of(), DEADLINE);
    capsule.start(DEADLINE);
    return capsule;
  }

  private String check(Capsule capsule, CapsuleImage image) {
    return health
        .await(
            capsule,
            settings.stack().probes(),
            image.ports(),
            settings.stack().upgrade().verify(),
            System.out::println)
        .summary();
  }

  private static URI uri(Capsule capsule, CapsuleImage image, String path) {
    return URI.create(
        "http://%s:%d%s".formatted(capsule.address(), image.ports().get("ledger:80"), path));
  }

  private static String get(Capsule capsule, CapsuleImage image, String path) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(uri(capsule, image, path)).timeout(DEADLINE).build();
    return HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  private static String post(Capsule capsule, CapsuleImage image, String line) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(uri(capsule, image, "/lines"))
            .timeout(DEADLINE)
            .POST(HttpRequest.BodyPublishers.ofString(line))
            .build();
    return HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }
}
