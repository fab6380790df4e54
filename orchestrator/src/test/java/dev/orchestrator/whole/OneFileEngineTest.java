package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
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
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A stack that goes out into one file, and comes up elsewhere, on a real engine. */
@Tag("engine")
@Rotates
@Timeout(400)
class OneFileEngineTest {
  private static final String PASSWORD = "hunter2-not-in-the-file";
  private static final Duration SOON = Duration.ofMinutes(1);

  @TempDir Path directory;
  private final String name = "out" + ProcessHandle.current().pid();
  private final String alone = name + "-alone";
  private final int port = FreePorts.next();
  private final ShopFixture shop = new ShopFixture(FreePorts.next());
  private final HttpClient http = HttpClient.newHttpClient();
  private Engine engine;
  private SpecialFilesFixture special;
  private ServiceProcessFixture from;
  private ServiceProcessFixture to;

  /** The same, once it runs. */
  private @Nullable ServiceProcessFixture toStarted;

  private Path file;

  @BeforeEach
  void start() throws Exception {
    engine = DockerEngine.connect("", SOON);
    special = new SpecialFilesFixture(new VolumeInspector(engine));
    file = directory.resolve("stack.tar");
    from = service("from");
    LightStackFixture stack = LightStackFixture.in(directory.resolve("from"), name);
    Files.writeString(
        stack.folder().resolve("stack.conf"),
        """
        routes = [ { name = web, listen = "127.0.0.1:%d", service = ledger, port = 80 }, %s ]
        probes = [
          { name = ledger, service = ledger, http { port = 80, path = "/health", body = "^healthy" } }
        ]
        data { reserve = 100MiB, strategy = copy, rollback = restore }
        secrets = [DB_PASSWORD, key.txt]
        """
            .formatted(port, shop.route()));
    ShopFixture.addTo(stack, "v1");
    ShopFixture.addTo(stack, "v2");
    Path release = stack.folder().resolve("releases/v1");
    Path compose = release.resolve("compose.yaml");
    Files.writeString(
        compose,
        Files.readString(compose)
            .replace(
                "BROKEN: \"${BROKEN}\"",
                "BROKEN: \"${BROKEN}\"\n      PASSWORD: \"${DB_PASSWORD}\"")
            .replace(
                "- ./greeting.txt:/greeting.txt:ro",
                "- ./greeting.txt:/greeting.txt:ro\n      - ./key.txt:/key.txt:ro"));
    Path env = release.resolve(".env");
    Files.writeString(env, Files.readString(env) + "DB_PASSWORD=" + PASSWORD + "\n");
    Files.writeString(release.resolve("key.txt"), "the key, not in the file");
    from.start();
    to = service("to");
  }

  private ServiceProcessFixture service(String folder) throws IOException {
    Files.createDirectories(directory.resolve(folder).resolve("stacks"));
    return ServiceProcessFixture.withoutStacks(
        directory.resolve(folder), "upgrade { bake = 1s, drain-budget = 500ms }");
  }

  @AfterEach
  void removeAll() throws Exception {
    try (Engine last = engine;
        ServiceProcessFixture _ = from;
        ServiceProcessFixture _ = toStarted) {
      last.removeContainer(alone);
      last.removeVolume(name + "-data");
      last.removeVolume(name + "-store");
    }
  }

  @Test
  void whatWasExportedComesUpElsewhereExactlyAsItWas() throws Exception {
    run(from, "up", "--stack", name, "v1");
    for (int i = 0; i < 20; i++) {
      post("line " + i);
    }
    String cookie = shop.setUpAndLogIn();
    String volume = dataVolume(from);
    special.write(volume);
    List<String> before = special.list(volume);
    String addresses = addresses(current(from).container());
    String lines = get("/lines");

    Result exported = run(from, "export", file.toString(), "--with-data", "--stack", name);
    assertTrue(exported.out().contains("left out: DB_PASSWORD, key.txt"), exported.out());
    assertEquals(lines, get("/lines"), "it serves on");
    assertEquals(List.of(), helpers());
    assertFalse(Files.exists(file.resolveSibling("stack.tar.part")));
    assertNothingOf("hunter2-not", "the key, not");
    Result refused = command(from, "export", file.toString(), "--stack", name);
    assertEquals(3, refused.exitCode());
    assertTrue(refused.err().contains("exists: choose another name"), refused.err());

    assertRefused(from, "there is a stack " + name + " already", file.toString());
    run(from, "down", "--stack", name, "--volumes");
    to.start();
    toStarted = to;
    assertBadFilesAreRefused();
    Path secrets =
        Files.writeString(
            directory.resolve("secrets"),
            "DB_PASSWORD=%s\nkey.txt=@%s\n"
                .formatted(
                    PASSWORD,
                    Files.writeString(directory.resolve("k"), "the key, not in the file")));
    Result imported;
    try (ShopFixture.Visitor _ = shop.visitor()) {
      imported = run(to, "import", file.toString(), "--secrets", secrets.toString());
      shop.assertLoggedIn(cookie);
    }
    assertTrue(imported.out().contains("stack " + name), imported.out());
    assertEquals(lines, get("/lines"));
    String arrived = dataVolume(to);
    SpecialFilesFixture.assertSame(before, special.list(arrived));
    special.assertArrived(arrived);
    Generation now = current(to);
    assertEquals("v1", now.version());
    assertEquals(addresses, addresses(now.container()));
    assertEquals(PASSWORD + "\n", inService(now, "ledger", "printenv PASSWORD"));
    assertEquals("the key, not in the file", inService(now, "greeter", "cat /key.txt"));

    // And is upgraded as any other.
    copyRelease("v2");
    run(to, "upgrade", "--stack", name, "v2");
    assertEquals("v2", current(to).version());
    assertEquals(addresses, addresses(current(to).container()));
    assertEquals(lines, get("/lines"));
    shop.assertLoggedIn(cookie);
    run(to, "down", "--stack", name, "--volumes");

    assertDockerAloneRunsIt(lines, before, cookie, addresses);
  }

  /** The addresses of the inner networks and of the services in them. */
  private String addresses(String container) {
    ExecResult result =
        engine.exec(
            container,
            List.of(
                "bash",
                "-c",
                "docker network inspect $(docker network ls -q --filter driver=bridge) | jq -r"
                    + " '.[] | .Name + \" \" + (.IPAM.Config[] | .Subnet + \" \" + .Gateway),"
                    + " (.Containers[] | .Name + \" \" + .IPv4Address)' | sort"),
            SOON);
    assertTrue(result.ok(), result.stderr());
    assertEquals(5, result.stdout().lines().count(), result.stdout());
    return result.stdout();
  }

  @Test
  void secretsGoAlongEncrypted() throws Exception {
    run(from, "up", "--stack", name, "v1");
    Path words = Files.writeString(directory.resolve("words"), "correct horse battery\n");
    Result exported =
        run(
            from,
            "export",
            file.toString(),
            "--stack",
            name,
            "--with-secrets",
            "--passphrase-file",
            words.toString());
    assertTrue(exported.out().contains("encrypted: DB_PASSWORD, key.txt"), exported.out());
    assertNothingOf("hunter2-not", "the key, not");
    run(from, "down", "--stack", name, "--volumes");
    to.start();
    toStarted = to;
    Path wrong = Files.writeString(directory.resolve("wrong"), "not the passphrase\n");
    Result refused = command(to, "import", file.toString(), "--passphrase-file", wrong.toString());
    assertEquals(3, refused.exitCode(), refused.out());
    assertTrue(refused.err().contains("the passphrase is not the one"), refused.err());
    assertEquals(List.of(), stacks(to));
    run(
        to,
        "import",
        file.toString(),
        "--passphrase-file",
        words.toString(),
        "--stack",
        name + "-b");
    Generation now = Json.read(to.api().get("/v1/current"), Generation.class);
    assertEquals(PASSWORD + "\n", inService(now, "ledger", "printenv PASSWORD"));
  }

  /** Whatever is wrong with a file is said in one line, and nothing is left of the try. */
  private void assertBadFilesAreRefused() throws Exception {
    assertRefused(to, "there is no file", directory.resolve("none").toString());
    Path bad = directory.resolve("bad");
    Files.writeString(bad, "a text\n");
    assertRefused(to, "is not a file of 'orchestrator export'", bad.toString());
    Files.copy(file, bad, StandardCopyOption.REPLACE_EXISTING);
    try (RandomAccessFile cut = new RandomAccessFile(bad.toFile(), "rw")) {
      cut.setLength(Files.size(file) / 2);
    }
    assertRefused(to, "is cut off", bad.toString());
    Files.copy(file, bad, StandardCopyOption.REPLACE_EXISTING);
    try (RandomAccessFile altered = new RandomAccessFile(bad.toFile(), "rw")) {
      altered.seek(Files.size(file) / 2);
      int was = altered.read();
      altered.seek(Files.size(file) / 2);
      altered.write(was ^ 1);
    }
    Path secrets =
        Files.writeString(
            directory.resolve("any"),
            "DB_PASSWORD=x\nkey.txt=@%s\n"
                .formatted(Files.writeString(directory.resolve("k"), "k")));
    assertRefused(to, "is damaged or was altered", bad.toString(), "--secrets", secrets.toString());
    Files.delete(bad);
    assertRefused(to, "without the secrets DB_PASSWORD, key.txt", file.toString());
    assertRefused(
        to,
        "is not a valid name",
        file.toString(),
        "--secrets",
        secrets.toString(),
        "--stack",
        "Not.A.Name");
  }

  private void assertRefused(ServiceProcessFixture service, String why, String... arguments) {
    List<String> all = new ArrayList<>(List.of("import"));
    all.addAll(List.of(arguments));
    List<String> stacks = stacks(service);
    Result result = command(service, all.toArray(String[]::new));
    assertEquals(3, result.exitCode(), result.out() + result.err());
    assertTrue(result.err().contains(why), result.err());
    assertEquals(1, result.err().lines().count(), result.err());
    assertEquals(stacks, stacks(service));
  }

  private void assertDockerAloneRunsIt(
      String lines, List<String> before, String cookie, String addresses) throws Exception {
    shell("docker load -q -i " + file);
    String image;
    try (ArchiveReader reader = new ArchiveReader(file)) {
      image = reader.contents().image().reference();
    }
    String help = shell("docker run --rm " + image + " help");
    assertTrue(help.contains("--env=DB_PASSWORD"), help);
    String command =
        shell("docker inspect -f '{{index .Config.Labels \"dev.orchestrator.run\"}}' " + image);
    assertTrue(help.contains(command.lines().findFirst().orElseThrow()), help);
    Path key = Files.writeString(directory.resolve("k"), "the key, not in the file");
    String changed =
        command
            .replace("--name=" + name, "--name=" + alone)
            .replaceAll("--publish=\\S+", "--label=dev.orchestrator=1")
            .replace("/PATH/TO/key.txt", key.toString());
    String _ = shell("export DB_PASSWORD=" + PASSWORD + "; " + changed);
    String address = shell("docker inspect -f '{{.NetworkSettings.IPAddress}}' " + alone).strip();
    String ports = awaitOutput("docker exec " + alone + " capsule ports", "ledger");
    assertEquals(
        lines,
        awaitGet(
            URI.create("http://%s:%s/lines".formatted(address, port(ports, "ledger"))), alone));
    String _ =
        awaitGet(URI.create("http://%s:%s/health".formatted(address, port(ports, "shop"))), alone);
    shop.assertLoggedIn(cookie, address + ":" + port(ports, "shop"));
    assertEquals(addresses, addresses(alone));
    SpecialFilesFixture.assertSame(before, special.list(name + "-data"));
    special.assertArrived(name + "-data");
    String _ = shell("docker rm -f " + alone);
    String _ = shell("docker rmi " + image);
  }

  private static String port(String ports, String service) {
    return ports.replaceFirst("(?s).*?(\\d+)(?:/tcp)?\\s*->\\s*" + service + ".*", "$1").strip();
  }

  private static String awaitOutput(String command, String wanted) throws Exception {
    long end = System.nanoTime() + SOON.toNanos();
    while (true) {
      Process process = new ProcessBuilder("bash", "-c", command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() == 0 && said.contains(wanted)) {
        return said;
      }
      assertTrue(System.nanoTime() < end, said);
      Thread.sleep(100);
    }
  }

  private String awaitGet(URI address, String container) throws Exception {
    long end = System.nanoTime() + SOON.toNanos();
    while (true) {
      try {
        return send(HttpRequest.newBuilder(address).build());
      } catch (IOException e) {
        assertTrue(System.nanoTime() < end, () -> e + "\n" + engine.logs(container, 40));
        Thread.sleep(100);
      }
    }
  }

  private void copyRelease(String version) throws IOException {
    Path releases = directory.resolve("from/stacks").resolve(name).resolve("releases");
    Path target = directory.resolve("to/stacks").resolve(name).resolve("releases");
    try (Stream<Path> files = Files.walk(releases.resolve(version))) {
      for (Path each : files.toList()) {
        Files.copy(each, target.resolve(releases.relativize(each)));
      }
    }
  }

  private void assertNothingOf(String... texts) throws IOException {
    for (String text : texts) {
      String found =
          shellText("LC_ALL=C grep -c -a -F '%s' %s || true".formatted(text, file)).strip();
      assertEquals("0", found, text);
    }
  }

  private static Generation current(ServiceProcessFixture service) {
    return Json.read(service.api().get("/v1/current"), Generation.class);
  }

  private static String dataVolume(ServiceProcessFixture service) {
    return current(service).volumes().getFirst().volume();
  }

  private String inService(Generation generation, String service, String command) {
    ExecResult result =
        engine.exec(
            generation.container(),
            List.of("bash", "-c", "capsule exec %s %s".formatted(service, command)),
            SOON);
    assertTrue(result.ok(), result.stderr() + result.stdout());
    return result.stdout();
  }

  private static List<String> stacks(ServiceProcessFixture service) {
    return service.stacks().stream().map(each -> each.stack()).toList();
  }

  private List<String> helpers() {
    return engine.containers(Map.of("dev.orchestrator.stack", name)).stream()
        .map(each -> each.name())
        .filter(each -> each.startsWith("orchestrator-data"))
        .toList();
  }

  private static Result run(ServiceProcessFixture service, String... arguments) {
    Result result = command(service, arguments);
    assertEquals(0, result.exitCode(), () -> result.out() + result.err());
    return result;
  }

  private static Result command(ServiceProcessFixture service, String... arguments) {
    try {
      Path scratch = Files.createTempDirectory("one-file");
      return new CommandRunner(scratch)
          .with("ORCHESTRATOR_CONFIG", service.config().toString())
          .run(arguments);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String get(String path) throws Exception {
    return send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build());
  }

  private void post(String line) throws Exception {
    String _ =
        send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/lines"))
                .POST(HttpRequest.BodyPublishers.ofString(line))
                .build());
  }

  private String send(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
    assertEquals(200, response.statusCode(), response.body());
    return response.body();
  }

  private static String shell(String script) throws Exception {
    Process process = new ProcessBuilder("bash", "-c", script).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), () -> script + "\n" + said);
    return said;
  }

  private static String shellText(String script) {
    try {
      return shell(script);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
