package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.TestImagesFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Projects that use what few do: included files, datagrams, replicas, volumes with options of the
 * driver, Compose's version 1; planned from a running state on a real engine.
 */
@Tag("engine")
@Rotates
final class AdoptKindsEngineTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  private final String id = UUID.randomUUID().toString().substring(0, 8);
  private final String name = "kinds-" + id;
  private final Map<String, String> owner = Map.of(Labels.HOME, "test-" + id);
  private final Engine engine = DockerEngine.connect("", SOON);
  @TempDir Path dir;
  private TestImagesFixture image;
  private StackHostFixture host;
  private AdoptPlanner planner;
  private Path folder;
  private RunningProjectFixture project;

  @BeforeEach
  void setUp() throws IOException {
    image = TestImagesFixture.busybox(engine, Files.createDirectory(dir.resolve("image")));
    host = new StackHostFixture(engine, owner, dir.resolve("service"));
    planner = new AdoptPlanner(engine, owner, host);
    folder = Files.createDirectory(dir.resolve(name));
    RunningProjectFixture compose =
        RunningProjectFixture.of(
            engine, host.base(), name, dir, Map.of(Labels.OURS, "1", "run", id));
    project = new RunningProjectFixture(engine, name, folder, compose.compose());
  }

  @AfterEach
  void tearDown() {
    project.close();
    assertEquals(List.of(), engine.containers(owner));
    image.remove();
    engine.close();
  }

  private void write(String file, String text) throws IOException {
    Path path = folder.resolve(file);
    Files.createDirectories(path.resolveSibling(""));
    Files.writeString(path, text.replace("IMAGE", image.reference()));
  }

  private void up(String... words) {
    List<String> all = new ArrayList<>(List.of("up", "--detach"));
    all.addAll(List.of(words));
    project.compose(Map.of(), all.toArray(String[]::new));
  }

  private String docker(String... words) {
    List<String> command = new ArrayList<>(List.of("docker"));
    command.addAll(List.of(words));
    ExecResult result = engine.exec(project.compose(), command, SOON);
    assertTrue(result.ok(), result.stderr());
    return result.stdout().strip();
  }

  private static List<String> routes(AdoptPlan plan) {
    return plan.routes().stream()
        .map(
            one -> "%s %s:%d %s".formatted(one.listen(), one.service(), one.port(), one.protocol()))
        .toList();
  }

  /** Plans it without a refusal, and writes a stack that an upgrade would accept. */
  private AdoptPlan plan() {
    AdoptPlan plan = planner.plan(name, null);
    assertEquals(List.of(), plan.refusals(), AdoptPlanText.of(plan));
    List<String> _ = host.check(host.load(planner.write(plan)), AdoptPlanner.VERSION);
    return plan;
  }

  @Test
  void includedFilesWithVariablesOfTheirOwn() throws IOException {
    int port = FreePorts.next();
    write(
        "compose.yaml",
        "include: [parts/cache/compose.yaml, {path: [parts/web.yaml], env_file: parts/web.env,"
            + " project_directory: .}]\n");
    write("parts/web.env", "PORT=" + port + "\n");
    write(
        "parts/web.yaml",
        """
        services:
          web:
            image: IMAGE
            command: [httpd, -f, -p, '8080']
            ports: ['127.0.0.1:${PORT}:8080']
            volumes: ['./site:/site']
            stop_grace_period: 1s
        """);
    write("parts/cache/.env", "LEVEL=7\n");
    write(
        "parts/cache/compose.yaml",
        """
        services:
          cache:
            image: IMAGE
            command: sleep 3600
            environment: {LEVEL: '${LEVEL}'}
            volumes: ['./store:/store', 'rows:/rows']
            stop_grace_period: 1s
        volumes: {rows: {}}
        """);
    up();
    AdoptPlan plan = plan();
    assertEquals(List.of("127.0.0.1:%d web:8080 http".formatted(port)), routes(plan));
    assertEquals(
        List.of(
            new OriginalData(
                "binds/parts/cache/store", null, folder.resolve("parts/cache/store").toRealPath()),
            new OriginalData("binds/site", null, folder.resolve("site").toRealPath()),
            new OriginalData("volumes/rows", name + "_rows", null)),
        plan.original().data());
  }

  @Test
  void datagramsBesideConnectionsAtOnePort() throws IOException {
    int port = FreePorts.next();
    write(
        "compose.yaml",
        """
        services:
          dns:
            image: IMAGE
            command: sleep 3600
            ports: ['127.0.0.1:%d:53', '127.0.0.1:%d:53/udp', '127.0.0.1:%d:5353/udp']
            stop_grace_period: 1s
        """
            .formatted(port, port, port + 1));
    up();
    assertEquals(
        List.of(
            "127.0.0.1:%d dns:53 tcp".formatted(port),
            "127.0.0.1:%d dns:53 udp".formatted(port),
            "127.0.0.1:%d dns:5353 udp".formatted(port + 1)),
        routes(plan()));
  }

  /** Two replicas of the file, three by --scale; each with a public port of a range. */
  @Test
  void replicasWithAPublicPortEach() throws IOException {
    int port = FreePorts.next();
    write(
        "compose.yaml",
        """
        services:
          web:
            image: IMAGE
            command: [httpd, -f, -p, '8080']
            deploy: {replicas: 2}
            ports: ['127.0.0.1:%d-%d:8080']
            volumes: [/own, 'rows:/rows']
            stop_grace_period: 1s
        volumes: {rows: {}}
        """
            .formatted(port, port + 2));
    up("--scale", "web=3");
    AdoptPlan plan = plan();
    List<String> wanted = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      wanted.add("127.0.0.1:%d web:8080 http".formatted(port + i));
    }
    assertEquals(wanted, routes(plan));
    assertEquals(3, plan.original().containers().size());
    assertEquals(
        List.of(new OriginalData("volumes/rows", name + "_rows", null)), plan.original().data());
    String text = AdoptPlanText.of(plan);
    assertTrue(text.contains("write 'scale: 3' to keep them"), text);
    assertTrue(text.contains("each of its 2 containers has a volume without a name at /own"), text);
    assertFalse(text.contains("web:/own: copied"), text);
  }

  @Test
  void volumesWithOptionsOfTheDriver() throws IOException {
    Files.createDirectories(folder.resolve("within"));
    Path outside = Files.createDirectories(dir.resolve("outside"));
    write("within/row", "1\n");
    Files.writeString(outside.resolve("row"), "22\n");
    write(
        "compose.yaml",
        """
        services:
          web:
            image: IMAGE
            command: sleep 3600
            volumes: ['within:/within', 'outside:/outside', 'memory:/memory']
            stop_grace_period: 1s
          films: {image: IMAGE, command: sleep 3600, volumes: ['nas:/films']}
        volumes:
          within: {driver: local, driver_opts: {type: none, o: bind, device: WITHIN}}
          outside: {driver_opts: {type: none, o: 'rw,bind', device: OUTSIDE}}
          memory: {driver_opts: {type: tmpfs, device: tmpfs, o: size=1m}}
          nas: {driver_opts: {type: nfs, o: 'addr=192.0.2.1,soft,timeo=10', device: ':/films'}}
        """
            .replace("WITHIN", folder.resolve("within").toString())
            .replace("OUTSIDE", outside.toString()));
    // Compose makes nas too; its server does not answer, and nobody waits for it.
    up("web");
    AdoptPlan plan = plan();
    String text = AdoptPlanText.of(plan);
    for (String line :
        List.of(
            folder.toRealPath() + "/within: copied into the stack's data, 2 B in 1 files",
            outside.toRealPath() + ": copied into the stack's data, 3 B in 1 files",
            "memory: as it is  (kept in memory, and empty at each start; web)",
            "nas: as it is  (a network file system (nfs), which both versions mount: never copied,"
                + " never rolled back; films)")) {
      assertTrue(text.contains(line), line + "\n" + text);
    }
    assertEquals(
        List.of(name + "_outside", name + "_within"),
        plan.original().data().stream().map(one -> String.valueOf(one.volume())).sorted().toList());
  }

  /**
   * The labels that Compose 1.29 gives: its hash is another, and files are without their folder.
   */
  @Test
  void aProjectOfComposesVersion1() throws IOException {
    int port = FreePorts.next();
    write(
        "docker-compose.yml",
        """
        version: "3.7"
        services:
          web:
            image: IMAGE
            command: httpd -f -p 8080
            environment: [LEVEL=3]
            depends_on: [db]
            ports: ['127.0.0.1:%d:8080']
            volumes: ['rows:/rows', './conf:/conf:ro']
          db: {image: IMAGE, command: sleep 3600}
        volumes: {rows: }
        """
            .formatted(port));
    write("conf/site", "1\n");
    docker(
        "network",
        "create",
        "--label",
        "com.docker.compose.project=" + name,
        "--label",
        "com.docker.compose.network=default",
        name + "_default");
    docker(
        "volume",
        "create",
        "--label",
        "com.docker.compose.project=" + name,
        "--label",
        "com.docker.compose.volume=rows",
        name + "_rows");
    List<String> db = run("db");
    db.addAll(List.of(image.reference(), "sleep", "3600"));
    docker(db.toArray(String[]::new));
    List<String> web = run("web");
    web.addAll(
        List.of(
            "--env",
            "LEVEL=3",
            "--publish",
            "127.0.0.1:%d:8080".formatted(port),
            "--volume",
            name + "_rows:/rows",
            "--volume",
            folder.resolve("conf") + ":/conf:ro",
            image.reference(),
            "httpd",
            "-f",
            "-p",
            "8080"));
    docker(web.toArray(String[]::new));
    AdoptPlan plan = plan();
    assertFalse(plan.rebuilt());
    assertEquals(List.of(folder.resolve("docker-compose.yml").toString()), plan.files());
    assertEquals(List.of("127.0.0.1:%d web:8080 http".formatted(port)), routes(plan));
    assertEquals(
        List.of(new OriginalData("volumes/rows", name + "_rows", null)), plan.original().data());
    assertEquals(
        List.of("db"),
        plan.original().containers().stream()
            .filter(one -> one.service().equals("web"))
            .findFirst()
            .orElseThrow()
            .dependsOn());
  }

  private List<String> run(String service) {
    List<String> words =
        new ArrayList<>(
            List.of(
                "run",
                "--detach",
                "--name",
                "%s_%s_1".formatted(name, service),
                "--network",
                name + "_default",
                "--network-alias",
                service,
                "--stop-timeout",
                "1"));
    Map<String, String> labels =
        Map.of(
            "project", name,
            "project.config_files", "docker-compose.yml",
            "project.working_dir", folder.toString(),
            "service", service,
            "container-number", "1",
            "oneoff", "False",
            "version", "1.29.2",
            "config-hash", "0123456789abcdef");
    labels.forEach((key, value) ->
        words.addAll(List.of("--label", "com.docker.compose.%s=%s".formatted(key, value))));
    return words;
  }

  /** As programs do that make containers anew with another setting, and leave the labels. */
  @Test
  void aContainerThatAnotherProgramHasMadeAnewIsRefused() throws IOException {
    write(
        "compose.yaml",
        "services: {web: {image: IMAGE, command: sleep 3600, environment: {LEVEL: info},"
            + " stop_grace_period: 1s}}\n");
    up();
    String container = project.containers().getFirst().name();
    List<String> words =
        new ArrayList<>(
            List.of("run", "--detach", "--name", container, "--network", name + "_default"));
    project
        .containers()
        .getFirst()
        .labels()
        .forEach((key, value) -> words.addAll(List.of("--label", key + "=" + value)));
    docker("rm", "--force", container);
    words.addAll(List.of("--env", "LEVEL=debug", image.reference(), "sleep", "3600"));
    docker(words.toArray(String[]::new));
    assertEquals(
        List.of(
            "service web: environment: LEVEL has another value in the files than in the container:"
                + " the project was changed since it was started; run 'docker compose up -d'"
                + " first"),
        planner.plan(name, null).refusals());
  }
}
