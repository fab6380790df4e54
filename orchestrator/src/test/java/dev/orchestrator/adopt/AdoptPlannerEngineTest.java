package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.TestImagesFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Projects that Compose has started on the host's engine, planned and written as stacks. */
@Tag("engine")
final class AdoptPlannerEngineTest {
  private static final String PORT = "127.0.7.1:18080";

  private final String id = UUID.randomUUID().toString().substring(0, 8);
  private final String name = "shop-" + id;
  private final Map<String, String> owner = Map.of(Labels.HOME, "test-" + id);
  private final Engine engine = DockerEngine.connect("", Duration.ofSeconds(60));
  @TempDir Path dir;
  private TestImagesFixture image;
  private StackHostFixture host;
  private AdoptPlanner planner;
  private Path folder;
  private RunningProjectFixture project;
  private final Map<String, String> shell = new TreeMap<>();

  @BeforeEach
  void setUp() throws IOException {
    image = TestImagesFixture.busybox(engine, Files.createDirectory(dir.resolve("image")));
    host = new StackHostFixture(engine, owner, dir.resolve("service"));
    planner = new AdoptPlanner(engine, owner, host, PortQuestion::ask, Placements.MEDIA);
    folder = Files.createDirectory(dir.resolve(name));
    project =
        RunningProjectFixture.of(
            engine, host.base(), name, dir, Map.of(Labels.OURS, "1", "run", id));
    project = new RunningProjectFixture(engine, name, folder, project.compose());
    shell.putAll(
        Map.of("IMAGE", image.reference(), "GREETING", "hello there", "DB_PASSWORD", "s3cret$x"));
    Files.createDirectories(folder.resolve("conf"));
    Files.createDirectories(folder.resolve("state"));
    Files.createDirectories(dir.resolve("outer"));
    Files.writeString(folder.resolve("conf/site.conf"), "site\n");
    Files.writeString(folder.resolve("state/counter"), "7\n");
    Files.writeString(dir.resolve("outer/row"), "1\n");
    Files.writeString(folder.resolve("web.env"), "LEVEL=info\n");
    Files.writeString(folder.resolve(".env"), "NAME=front\n");
    Files.writeString(
        folder.resolve("common.yaml"),
        """
        services:
          base:
            image: ${IMAGE}
            restart: unless-stopped
        """);
    Files.writeString(
        folder.resolve("compose.yaml"),
        """
        services:
          web: # the front
            extends: {file: common.yaml, service: base}
            command:
              - sh
              - -c
              - "mkdir -p /srv; echo \\"<title>Shop of $${NAME}</title>\\" >/srv/index.html; exec httpd -f -p 8080 -h /srv"
            env_file: [web.env]
            environment: {NAME: '${NAME}', GREETING: '${GREETING:-hi}', DB_PASSWORD: }
            volumes: ['data:/data', './conf:/conf:ro', './state:/state', '../outer:/outer']
            depends_on: {db: {condition: service_healthy}}
          db:
            extends: {file: common.yaml, service: base}
            command: [sh, -c, 'echo x >/var/lib/PG_VERSION; exec sleep 3600']
            volumes: ['/var/lib']
            stop_grace_period: 3s
            healthcheck: {test: [CMD, 'true'], interval: 1s}
          tools: {image: '${IMAGE}', command: sleep 3600, profiles: [tools]}
          extra: {image: '${IMAGE}', profiles: [extra]}
        volumes: {data: }
        """);
    Files.writeString(
        folder.resolve("compose.override.yaml"),
        "services: {web: {ports: ['" + PORT + ":8080']}}\n");
  }

  @AfterEach
  void tearDown() {
    project.close();
    assertEquals(List.of(), engine.containers(owner));
    image.remove();
    engine.close();
  }

  private void up(String... words) {
    List<String> all = new ArrayList<>(List.of("--profile", "tools"));
    all.addAll(List.of(words));
    all.addAll(List.of("up", "--detach", "--wait"));
    project.compose(shell, all.toArray(String[]::new));
  }

  @Test
  void aRunningProjectBecomesAStackThatAnUpgradeWouldAccept() throws IOException {
    up();
    assertTrue(
        planner.list().stream()
            .anyMatch(one -> one.name().equals(name) && one.state().equals("running")));
    AdoptPlan plan = planner.plan(name, null);
    String text = AdoptPlanText.of(plan);
    assertEquals(List.of(), plan.refusals(), text);
    assertFalse(text.contains("s3cret"), text);
    assertFalse(Json.write(plan).contains("s3cret"), Json.write(plan));
    // As a command gets it from the service.
    assertEquals(text, AdoptPlanText.of(Json.read(Json.write(plan), AdoptPlan.class)));
    for (String line :
        List.of(
            "GREETING=hello there  (service web: environment GREETING)",
            "DB_PASSWORD=(hidden)",
            "COMPOSE_PROFILES=tools",
            "127.0.7.1:18080 -> web:8080, http  (it answers GET / with 200, \"Shop of front\")",
            "db: its own health check",
            "db:/var/lib: copied into the stack's data, 2 B in 1 files  (a volume without a name;"
                + " PostgreSQL (PG_VERSION); db)",
            "state: copied into the stack's data, 2 B in 1 files  (services write to it; web)",
            "conf: comes with release 1, 5 B in 1 files  (services only read it; web)")) {
      assertTrue(text.contains(line), line + "\n" + text);
    }
    assertEquals(3, plan.original().containers().size());
    OriginalContainer db =
        plan.original().containers().stream()
            .filter(one -> one.service().equals("db"))
            .findFirst()
            .orElseThrow();
    assertEquals(Duration.ofSeconds(3), db.stopGrace());
    assertEquals("unless-stopped", db.restartPolicy());
    OriginalContainer web =
        plan.original().containers().stream()
            .filter(one -> one.service().equals("web"))
            .findFirst()
            .orElseThrow();
    assertEquals(List.of("db"), web.dependsOn());
    assertEquals(Set.of("db"), web.healthyFirst());
    assertEquals(List.of("true"), db.healthCheck());
    assertEquals(List.of(new OriginalPort("127.0.7.1", 18080, 8080, "tcp")), web.ports());
    List<OriginalData> data = plan.original().data();
    assertTrue(
        data.contains(new OriginalData("volumes/data", name + "_data", null)), data.toString());
    assertTrue(
        data.contains(new OriginalData("binds/state", null, folder.resolve("state").toRealPath())),
        data.toString());
    String outside = "binds/outside" + dir.resolve("outer");
    assertTrue(
        data.contains(new OriginalData(outside, null, dir.resolve("outer").toRealPath())),
        data.toString());
    assertTrue(
        data.stream()
            .anyMatch(one ->
                one.path().startsWith("volumes/anon-db-var-lib-")
                    && String.valueOf(one.volume()).matches("[0-9a-f]{64}")),
        data.toString());
    assertEquals(4, data.size(), data.toString());

    Path written = planner.write(plan);
    assertEquals(host.stacksFolder().resolve(name), written);
    StackSettings stack = host.load(written);
    assertEquals("hello there", stack.compose().env().get("GREETING"));
    assertEquals("s3cret$x", stack.compose().env().get("DB_PASSWORD"));
    assertEquals(1, stack.probes().size());
    List<String> _ = host.check(stack, AdoptPlanner.VERSION);
    Path release = written.resolve("releases/1");
    assertTrue(Files.exists(release.resolve("conf/site.conf")));
    assertTrue(Files.exists(release.resolve("web.env")));
    String line = "volumes: ['data:/data', './conf:/conf:ro', './state:/state', '../outer:/outer']";
    String own =
        "\"./outside%s:/outer\"] # adopted; was: ../outer:/outer".formatted(dir.resolve("outer"));
    assertEquals(
        Files.readString(folder.resolve("compose.yaml"))
            .replace(line, line.replace("'../outer:/outer']", own)),
        Files.readString(release.resolve("compose.yaml")));
    assertEquals(Map.of("../outer", "." + outer()), stack.compose().adoptedPaths());
    // A next release as the user has it, whose files name what is outside as before.
    Path next = Files.createDirectories(written.resolve("releases/2"));
    for (String file : List.of("compose.yaml", "compose.override.yaml", "common.yaml", ".env")) {
      Files.copy(folder.resolve(file), next.resolve(file));
    }
    Files.copy(folder.resolve("web.env"), next.resolve("web.env"));
    Files.createDirectories(next.resolve("conf"));
    List<String> _ = host.check(host.load(written), "2");
    RefusedException e = assertThrows(RefusedException.class, () -> planner.plan(name, null));
    assertTrue(String.valueOf(e.getMessage()).startsWith("there is a stack " + name), e.toString());
    assertThrows(RefusedException.class, () -> planner.write(plan));
  }

  private String outer() {
    return "/outside" + dir.resolve("outer");
  }

  @Test
  void whatWasChangedSinceItWasStartedIsRefused() throws IOException {
    up();
    Path file = folder.resolve("compose.yaml");
    Files.writeString(
        file, Files.readString(file).replace("command: sleep 3600", "command: sleep 4000"));
    AdoptPlan plan = planner.plan(folder.toString(), "other");
    assertEquals(1, plan.refusals().size(), plan.refusals().toString());
    assertTrue(plan.refusals().getFirst().startsWith("service tools: command: "));
    RefusedException e = assertThrows(RefusedException.class, () -> planner.write(plan));
    assertTrue(String.valueOf(e.getMessage()).contains("run 'docker compose up -d' first"));
    assertFalse(Files.exists(host.stacksFolder().resolve("other")));
  }

  @Test
  void aProjectWhoseFilesAreGoneIsRebuiltFromItsContainers() throws IOException {
    up();
    for (String file :
        List.of("compose.yaml", "compose.override.yaml", "common.yaml", "web.env", ".env")) {
      Files.delete(folder.resolve(file));
    }
    AdoptPlan plan = planner.plan(name, "rebuilt");
    String text = AdoptPlanText.of(plan);
    assertEquals(List.of(), plan.refusals(), text);
    assertTrue(plan.rebuilt());
    assertTrue(text.contains("compose.yaml"), text);
    Path written = planner.write(plan);
    String compose = Files.readString(written.resolve("releases/1/compose.yaml"));
    assertTrue(compose.contains("DB_PASSWORD: ${DB_PASSWORD}"), compose);
    assertFalse(compose.contains("s3cret"), compose);
    assertTrue(compose.contains("GREETING: hello there"), compose);
    assertTrue(
        plan.original().data().contains(new OriginalData("volumes/data", name + "_data", null)),
        plan.original().toString());
    assertTrue(
        plan.original()
            .data()
            .contains(new OriginalData("binds/state", null, folder.resolve("state").toRealPath())),
        plan.original().toString());
    List<String> _ = host.check(host.load(written), AdoptPlanner.VERSION);
  }

  @Test
  void whatCannotBeAdoptedIsRefusedInOneLine() throws IOException {
    refused("no project nobody-" + id, () -> planner.plan("nobody-" + id, null));
    refused("the project in " + folder, () -> planner.plan(folder.toString(), null));
    up();
    refused(
        "the name of a stack: \"Not a name\" is not a valid name",
        () -> planner.plan(name, "Not a name"));
    host.add(LightStackFixture.in(dir.resolve("service2"), "taken").stack(18080));
    refused("there is a stack taken already", () -> planner.plan(name, "taken"));
    Files.writeString(
        folder.resolve("compose.override.yaml"), "services: {web: {ports: [oops]}}\n");
    refused("Compose rejects " + folder, () -> planner.plan(name, "other"));
    Files.writeString(
        folder.resolve("compose.override.yaml"),
        "services: {web: {ports: ['" + PORT + ":8080']}}\n");
    AdoptPlan plan = planner.plan(name, "other");
    assertEquals(
        List.of("port 18080 of service web is that of stack taken (route web): change one of them"),
        plan.refusals());
    project.compose(shell, "--profile", "tools", "stop", "--timeout", "1");
    refused("project " + name + " does not run", () -> planner.plan(name, "other"));
  }

  private static void refused(String begin, Runnable call) {
    RefusedException e = assertThrows(RefusedException.class, call::run);
    String message = Objects.toString(e.getMessage(), "");
    assertTrue(message.startsWith(begin), message);
    assertEquals(1, message.lines().count(), message);
  }

  @Test
  void aProjectThatHasNeverRunIsMadeAStackOfItsFiles() throws IOException {
    Files.writeString(folder.resolve(".env"), "NAME=front\nIMAGE=" + image.reference() + "\n");
    AdoptPlan plan = planner.init(folder, "fresh");
    assertEquals(List.of(), plan.refusals(), AdoptPlanText.of(plan));
    assertEquals(List.of(), plan.original().data());
    Path written = planner.write(plan);
    assertTrue(Files.exists(written.resolve("releases/1/state/counter")), "what it begins with");
    List<String> _ = host.check(host.load(written), AdoptPlanner.VERSION);
  }
}
