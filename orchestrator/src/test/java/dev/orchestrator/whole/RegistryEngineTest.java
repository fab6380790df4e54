package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.BuildSpec;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.testing.CommandRunner;
import dev.orchestrator.testing.CommandRunner.Result;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.ShopFixture;
import dev.orchestrator.testing.SpecialFilesFixture;
import dev.orchestrator.testing.VolumeInspector;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Debian's registry, with a login and TLS, as the place of a stack. */
@Tag("engine")
@Rotates
@Timeout(400)
class RegistryEngineTest {
  private static final String LOGIN = "shop:keeper";

  @TempDir Path directory;
  private final String name = "reg" + ProcessHandle.current().pid();
  private final int port = FreePorts.next();
  private final String place = "127.0.0.1:" + port;
  private final ShopFixture shop = new ShopFixture(FreePorts.next());
  private Engine engine;
  private ServiceProcessFixture service;
  private Path docker;

  @BeforeEach
  void start() throws Exception {
    engine = DockerEngine.connect("", Duration.ofMinutes(1));
    docker = Files.createDirectories(directory.resolve("docker"));
    Path context = Files.createDirectory(directory.resolve("registry"));
    Files.writeString(
        context.resolve("Dockerfile"),
        """
        FROM orchestrator/debian:trixie
        RUN apt-get update -q && apt-get install -qy --no-install-recommends docker-registry \\
          apache2-utils openssl
        RUN htpasswd -Bbc /logins shop keeper && openssl req -x509 -newkey rsa:2048 -nodes -days 30 \\
          -subj /CN=test -addext subjectAltName=IP:127.0.0.1 -keyout /key.pem -out /cert.pem
        ENV REGISTRY_AUTH=htpasswd REGISTRY_AUTH_HTPASSWD_REALM=test REGISTRY_AUTH_HTPASSWD_PATH=/logins \\
          REGISTRY_HTTP_TLS_CERTIFICATE=/cert.pem REGISTRY_HTTP_TLS_KEY=/key.pem \\
          REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/tmp
        CMD ["docker-registry", "serve", "/etc/docker/registry/config.yml"]
        """);
    String image = "orchestrator/test-registry:tls";
    String _ =
        engine.build(
            new BuildSpec(context, "Dockerfile", null, Map.of(), Labels.role("test-image"), image),
            Duration.ofMinutes(3),
            line -> {});
    String _ =
        shell(
            "docker run --detach --name %s-registry --publish %s:5000 %s"
                .formatted(name, place, image));
    Path certificates = Files.createDirectories(docker.resolve("certs.d").resolve(place));
    String _ =
        shell("docker cp %s-registry:/cert.pem %s".formatted(name, certificates.resolve("ca.crt")));
    Files.createDirectories(directory.resolve("stacks"));
    service =
        ServiceProcessFixture.withoutStacks(
            directory, "upgrade { bake = 1s, drain-budget = 500ms }");
    LightStackFixture stack = LightStackFixture.in(directory, name);
    Files.writeString(
        stack.folder().resolve("stack.conf"),
        """
        routes = [ { name = web, listen = "127.0.0.1:%d", service = ledger, port = 80 }, %s ]
        data { reserve = 100MiB, strategy = copy, rollback = restore }
        """
            .formatted(FreePorts.next(), shop.route()));
    ShopFixture.addTo(stack, "v1");
    ShopFixture.addTo(stack, "v2");
    service.start();
  }

  @AfterEach
  void removeAll() throws Exception {
    try (Engine last = engine;
        ServiceProcessFixture _ = service) {
      last.removeContainer(name + "-registry");
    }
  }

  @Test
  void aNewVersionSendsWhatHasChangedAndAnyEnginePullsIt() throws Exception {
    run("up", "--stack", name, "v1");
    String cookie = shop.setUpAndLogIn();
    SpecialFilesFixture special = new SpecialFilesFixture(new VolumeInspector(engine));
    String volume = dataVolume(name);
    special.write(volume);
    List<String> data = special.list(volume);
    String first = place + "/team/shop:1";
    Result refused = command("push", first, "--stack", name);
    assertEquals(3, refused.exitCode(), refused.out());
    assertTrue(refused.err().contains("docker login " + place), refused.err());
    Files.writeString(
        docker.resolve("config.json"),
        "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}"
            .formatted(
                place, Base64.getEncoder().encodeToString(LOGIN.getBytes(StandardCharsets.UTF_8))));
    JsonNode pushed = Json.tree(run("push", first, "--stack", name, "--with-data", "--json").out());
    assertTrue(pushed.path("sent").asLong() > 100_000_000, pushed.path("sent").asText());

    growLedger();
    run("upgrade", "--stack", name, "v2");
    String second = place + "/team/shop:2";
    JsonNode next = Json.tree(run("push", second, "--stack", name, "--json").out());
    Set<String> before =
        blobs(pushed).stream().map(ArchiveContents.Entry::name).collect(Collectors.toSet());
    long layer =
        blobs(next).stream()
            .filter(each -> !before.contains(each.name()))
            .mapToLong(ArchiveContents.Entry::bytes)
            .max()
            .orElseThrow();
    long sent = next.path("sent").asLong();
    System.out.println("changed layer " + layer + ", sent " + sent);
    assertTrue(sent <= 1.05 * layer, sent + " sent for a layer of " + layer);

    Path file = directory.resolve("pulled.tar");
    run("pull", first, file.toString());
    try (ArchiveReader reader = new ArchiveReader(file)) {
      reader.verify(bytes -> {});
      assertEquals("v1", reader.head().version());
      assertEquals(1, reader.contents().volumes().size());
    }
    String _ = shell("docker --config %s pull -q %s".formatted(docker, first));
    String help = shell("docker run --rm %s help".formatted(first));
    assertTrue(help.contains("a compose stack in one image"), help);
    String _ = shell("docker rmi " + first);
    run("down", "--stack", name, "--volumes");
    FileTree.delete(directory.resolve("stacks").resolve(name));
    run("reload");
    try (ShopFixture.Visitor _ = shop.visitor()) {
      run("import", file.toString(), "--stack", name + "-b");
      shop.assertLoggedIn(cookie);
    }
    String arrived = dataVolume(name + "-b");
    SpecialFilesFixture.assertSame(data, special.list(arrived));
    special.assertArrived(arrived);
  }

  private String dataVolume(String stack) {
    return Json.read(service.api().get("/v1/stacks/%s/current".formatted(stack)), Generation.class)
        .volumes()
        .getFirst()
        .volume();
  }

  /** A layer of the size that layers have: what goes along with any is some 60 kB. */
  private void growLedger() throws IOException {
    Path dockerfile = directory.resolve("stacks").resolve(name).resolve("images/ledger/Dockerfile");
    // Nothing of it stands in the stack's folder, which goes along too.
    Files.writeString(
        dockerfile,
        Files.readString(dockerfile)
            + "RUN perl -e 'srand(1); print chr(rand 256) for 1 .. 5000000' > /ballast\n");
  }

  private static Set<ArchiveContents.Entry> blobs(JsonNode pushed) {
    return Json.read(pushed.path("contents").toString(), ArchiveContents.class).entries().stream()
        .filter(each -> each.name().startsWith("blobs/"))
        .collect(Collectors.toSet());
  }

  private Result run(String... arguments) throws Exception {
    Result result = command(arguments);
    assertEquals(0, result.exitCode(), () -> result.out() + result.err());
    return result;
  }

  private Result command(String... arguments) throws Exception {
    return new CommandRunner(Files.createTempDirectory(directory, "command"))
        .with("ORCHESTRATOR_CONFIG", service.config().toString())
        .with("DOCKER_CONFIG", docker.toString())
        .run(arguments);
  }

  private static String shell(String script) throws Exception {
    Process process = new ProcessBuilder("bash", "-c", script).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), () -> script + "\n" + said);
    return said;
  }
}
