package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.Service;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.home.HomeOwnership;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.stack.Control;
import dev.orchestrator.testing.CommandRunner;
import dev.orchestrator.testing.CommandRunner.Result;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.RunWatcher;
import dev.orchestrator.testing.TestImagesFixture;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commands that can't adopt a project are refused in one line with the exit code for that; nothing
 * is changed, and the project serves on. On a real engine.
 */
@Tag("engine")
final class AdoptRefusalsEngineTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final long TEN_TEBIBYTES = 10L << 40;

  @TempDir Path dir;

  private final String id = Long.toString(ProcessHandle.current().pid());
  private final String name = "shop" + id;
  private final int port = FreePorts.next();
  private final int sparePort = FreePorts.next();
  private final Engine engine = DockerEngine.connect("", SOON);
  private final HttpClient http = HttpClient.newHttpClient();
  private TestImagesFixture image;
  private CommandRunner commands;
  private Service service;
  private RunningProjectFixture project;
  private Path folder;

  @BeforeEach
  void start() throws IOException {
    image = TestImagesFixture.busybox(engine, Files.createDirectory(dir.resolve("image")));
    Map<String, String> owner = Map.of(Labels.HOME, "test-" + id);
    String base = new StackHostFixture(engine, owner, dir.resolve("light")).base();
    commands = new CommandRunner(dir);
    Files.writeString(
        commands.config,
        """
        home = home
        stacks-folder = stacks
        image.folder = "%s"
        api.listen = "127.0.0.1:0"
        data.reserve = 100MiB
        upgrade { bake = 1s, verify { passes = 1, interval = 100ms } }
        """
            .formatted(Path.of("../config/image").toAbsolutePath().normalize()));
    Files.createDirectories(stacks());
    service = Service.start(commands.config, System.getenv(), HomeOwnership.ALONE);
    folder = Files.createDirectories(dir.resolve(name));
    Files.createDirectories(folder.resolve("state"));
    write(composeFile());
    project =
        RunningProjectFixture.of(engine, base, name, dir, Map.of(Labels.OURS, "1", "run", id));
    project = new RunningProjectFixture(engine, name, folder, project.compose());
    project.compose(Map.of(), "up", "--detach", "web");
  }

  private Path stacks() {
    return dir.resolve("stacks");
  }

  private String composeFile() {
    return """
    services:
      web:
        image: %s
        command: [sh, -c, 'echo shop >/data/index.html; exec httpd -f -p 8080 -h /data']
        volumes: ['data:/data', './state:/state']
        ports: ['127.0.0.1:%d:8080']
        stop_grace_period: 1s
        restart: unless-stopped
      spare: {image: '%s', command: sleep 3600, ports: ['127.0.0.1:%d:80']}
    volumes: {data: {}}
    """
        .formatted(image.reference(), port, image.reference(), sparePort);
  }

  private void write(String compose) throws IOException {
    Files.writeString(folder.resolve("compose.yaml"), compose);
  }

  @AfterEach
  void remove() {
    try (Service closing = service;
        Engine last = engine) {
      closing
          .stacks()
          .list()
          .forEach(
              stack -> closing.stacks().control(stack.stack()).down(Control.Removal.IMAGES));
      project.close();
      image.remove();
      assertEquals(List.of(), last.containers(ours()));
    }
  }

  private Map<String, String> ours() {
    return Map.of(Labels.HOME, Labels.home(commands.home));
  }

  /** The original's containers, what is ours on the engine, and the files of the stacks. */
  private List<String> things() throws IOException {
    List<String> things = new ArrayList<>();
    project
        .containers()
        .forEach(
            one -> things.add("%s %s %s".formatted(one.id(), one.state(), one.restartPolicy())));
    engine.containers(ours()).forEach(one -> things.add(one.name()));
    engine.volumes(ours()).forEach(one -> things.add(one.name()));
    try (Stream<Path> files = Files.walk(stacks())) {
      files.forEach(file -> things.add(file.toString()));
    }
    return things.stream().sorted().toList();
  }

  private void assertServes() throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port)).timeout(SOON).build();
    assertEquals("shop\n", http.send(request, HttpResponse.BodyHandlers.ofString()).body());
  }

  private static void assertOneLine(String begin, Result result) {
    assertEquals(ExitCode.REFUSED, result.exitCode(), result.toString());
    assertTrue(result.err().startsWith("error: " + begin), result.err());
    assertEquals(1, result.err().lines().count(), result.err());
    assertEquals("", result.out());
  }

  private void assertRefused(String begin, String... words) throws Exception {
    List<String> before = things();
    assertOneLine(begin, commands.run(words));
    assertEquals(before, things());
    assertServes();
  }

  @Test
  void whatIsInTheWayIsToldInOneLineAndTheProjectServesOn() throws Exception {
    try (ServerSocket taken = new ServerSocket(sparePort, 1, InetAddress.getLoopbackAddress())) {
      assertRefused(
          "port %d of service spare is in use by another program on this host: "
              .formatted(taken.getLocalPort()),
          "adopt",
          name);
    }
    Path big = folder.resolve("state/big");
    try (RandomAccessFile file = new RandomAccessFile(big.toFile(), "rw")) {
      file.setLength(TEN_TEBIBYTES);
    }
    assertRefused("no space for the copy: the data has 10 TiB, ", "adopt", name);
    Files.delete(big);

    Files.createDirectory(stacks().resolve("taken"));
    assertRefused("there is a stack taken already ", "adopt", name, "--stack", "taken");

    write(composeFile().replace("sleep 3600, ports", "sleep 3600, prots"));
    assertRefused("Compose rejects " + folder.resolve("compose.yaml"), "adopt", name);
    write(composeFile().replace("exec httpd", "sleep 0; exec httpd"));
    assertRefused("service web: command: the files have another one ", "adopt", name);
    write(composeFile());

    Path inside = Files.createDirectories(stacks().resolve("light/releases/v1"));
    Files.writeString(
        inside.resolve("compose.yaml"),
        "services: {only: {image: '%s', command: sleep 3600, stop_grace_period: 1s}}\n"
            .formatted(image.reference()));
    RunningProjectFixture stack =
        new RunningProjectFixture(engine, "inside" + id, inside, project.compose());
    stack.compose(Map.of(), "up", "--detach");
    assertRefused(
        inside + " is in the folder of the stacks (" + stacks() + "): ", "adopt", "inside" + id);
    stack.compose(Map.of(), "down", "--timeout", "1");

    project.compose(Map.of(), "stop", "--timeout", "1");
    assertOneLine("project " + name + " does not run: ", commands.run("adopt", name));
    project.compose(Map.of(), "start");
    assertServes();
  }

  /** The route of another stack is none to stumble over: it is this project's own. */
  @Test
  void aSecondAdoptOfTheSameProjectIsRefusedAndTheFirstGoesOn() throws Exception {
    List<String> original = things();
    List<Result> both = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Result>> running =
          List.of(
              threads.submit(() -> commands.run("adopt", name, "--detach")),
              threads.submit(() -> commands.run("adopt", name, "--stack", "other", "--detach")));
      for (Future<Result> one : running) {
        both.add(one.get());
      }
    }
    assertEquals(
        List.of(ExitCode.DONE, ExitCode.REFUSED),
        both.stream().map(Result::exitCode).sorted().toList(),
        both.toString());
    boolean first = both.getFirst().exitCode() == ExitCode.DONE;
    String stack = first ? name : "other";
    String other = first ? "other" : name;
    Result refused = first ? both.getLast() : both.getFirst();
    assertOneLine("project %s is ".formatted(name), refused);
    assertEquals(
        List.of(stack), service.stacks().list().stream().map(each -> each.stack()).toList());

    // While it runs, and once it has.
    for (boolean done : List.of(false, true)) {
      if (done) {
        Control control = service.stacks().control(stack);
        UpgradeRecord run = control.history().getFirst();
        assertEquals(
            Outcome.DONE, RunWatcher.await(control, run.id(), event -> {}).upgrade().outcome());
        assertServes();
      }
      String adopted = "project %s is adopted already, as stack %s: ".formatted(name, stack);
      assertOneLine(adopted, commands.run("adopt", name, "--stack", other));
      assertOneLine(adopted, commands.run("adopt", name, "--plan", "--stack", other));
      assertOneLine(
          done ? "project %s was adopted before (u1): ".formatted(name) : "stack " + stack + ": ",
          commands.run("adopt", folder.toString(), "--stack", stack));
    }
    Result undone = commands.run("adopt", "--undo", "--yes", "--stack", stack);
    assertEquals(ExitCode.DONE, undone.exitCode(), undone.toString());
    assertServes();
    assertTrue(things().containsAll(original), things().toString());
  }

  /** After an undo the project goes on its own way; what it is by then is adopted. */
  @Test
  void aProjectThatWasMadeAnewAfterAnUndoIsAdoptedAsItIs() throws Exception {
    assertDone("adopt", name);
    assertDone("adopt", "--undo", "--yes");
    write(composeFile().replace("exec httpd", "sleep 0; exec httpd"));
    assertRefused("service web: command: the files have another one ", "adopt", name);
    project.compose(Map.of(), "up", "--detach", "web");
    assertDone("adopt", folder.toString());
    assertServes();
    assertDone("adopt", "--undo", "--yes");
    assertServes();
  }

  private void assertDone(String... words) {
    Result result = commands.run(words);
    assertEquals(ExitCode.DONE, result.exitCode(), result.toString());
  }
}
