package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.stack.Control;
import dev.orchestrator.testing.CommandRunner.Result;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.RunWatcher;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
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
@Rotates(days = 3)
final class AdoptRefusalsEngineTest {
  private static final long ELEVEN_TERABYTES = 11_000_000_000_000L;

  @TempDir Path dir;

  private final String id = Long.toString(ProcessHandle.current().pid());
  private final String name = "shop" + id;
  private final int port = FreePorts.next();
  private final int sparePort = FreePorts.next();
  private AdoptServiceFixture shop;

  @BeforeEach
  void start() throws IOException {
    shop = new AdoptServiceFixture(dir, name);
    Files.createDirectories(shop.folder.resolve("state"));
    shop.write(composeFile());
    shop.compose("up", "--detach", "web");
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
      spare: {image: '%s', command: httpd -f -p 80, ports: ['127.0.0.1:%d:80']}
    volumes: {data: {}}
    """
        .formatted(shop.image.reference(), port, shop.image.reference(), sparePort);
  }

  @AfterEach
  void remove() {
    shop.close();
  }

  /** The original's containers, what is ours on the engine, and the files of the stacks. */
  private List<String> things() throws IOException {
    List<String> things = new ArrayList<>();
    shop.project
        .containers()
        .forEach(
            one -> things.add("%s %s %s".formatted(one.id(), one.state(), one.restartPolicy())));
    shop.engine.containers(shop.ours()).forEach(one -> things.add(one.name()));
    shop.engine.volumes(shop.ours()).forEach(one -> things.add(one.name()));
    try (Stream<Path> files = Files.walk(shop.stacks)) {
      files.forEach(file -> things.add(file.toString()));
    }
    return things.stream().sorted().toList();
  }

  private void assertServes() throws IOException, InterruptedException {
    assertEquals("shop\n", shop.get(port));
  }

  private static void assertOneLine(String begin, Result result) {
    assertEquals(ExitCode.REFUSED, result.exitCode(), result.toString());
    assertTrue(result.err().startsWith("error: " + begin), result.err());
    assertEquals(1, result.err().lines().count(), result.err());
    assertEquals("", result.out());
  }

  private void assertRefused(String begin, String... words) throws Exception {
    List<String> before = things();
    assertOneLine(begin, shop.commands.run(words));
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
    Path big = shop.folder.resolve("state/big");
    try (RandomAccessFile file = new RandomAccessFile(big.toFile(), "rw")) {
      file.setLength(ELEVEN_TERABYTES);
    }
    assertRefused("no space for the copy: the data has 11.0 TB, ", "adopt", name);
    Files.delete(big);

    Files.createDirectory(shop.stacks.resolve("taken"));
    assertRefused("there is a stack taken already ", "adopt", name, "--stack", "taken");

    shop.write(composeFile().replace("p 80, ports", "p 80, prots"));
    assertRefused("Compose rejects " + shop.folder.resolve("compose.yaml"), "adopt", name);
    shop.write(composeFile().replace("exec httpd", "sleep 0; exec httpd"));
    assertRefused("service web: command: the files have another one ", "adopt", name);
    shop.write(composeFile());

    Path inside = Files.createDirectories(shop.stacks.resolve("light/releases/v1"));
    Files.writeString(
        inside.resolve("compose.yaml"),
        "services: {only: {image: '%s', command: sleep 3600, stop_grace_period: 1s}}\n"
            .formatted(shop.image.reference()));
    RunningProjectFixture stack =
        new RunningProjectFixture(shop.engine, "inside" + id, inside, shop.project.compose());
    stack.compose(Map.of(), "up", "--detach");
    assertRefused(
        inside + " is in the folder of the stacks (" + shop.stacks + "): ", "adopt", "inside" + id);
    stack.compose(Map.of(), "down", "--timeout", "1");

    shop.compose("stop", "--timeout", "1");
    assertOneLine("project " + name + " does not run: ", shop.commands.run("adopt", name));
    shop.compose("start");
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
              threads.submit(() -> shop.commands.run("adopt", name, "--detach")),
              threads.submit(
                  () -> shop.commands.run("adopt", name, "--stack", "other", "--detach")));
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
        List.of(stack), shop.service.stacks().list().stream().map(each -> each.stack()).toList());

    // While it runs, and once it has.
    for (boolean done : List.of(false, true)) {
      if (done) {
        Control control = shop.service.stacks().control(stack);
        UpgradeRecord run = control.history().getFirst();
        assertEquals(
            Outcome.DONE, RunWatcher.await(control, run.id(), event -> {}).upgrade().outcome());
        assertServes();
      }
      String adopted = "project %s is adopted already, as stack %s: ".formatted(name, stack);
      assertOneLine(adopted, shop.commands.run("adopt", name, "--stack", other));
      assertOneLine(adopted, shop.commands.run("adopt", name, "--plan", "--stack", other));
      assertOneLine(
          done ? "project %s was adopted before (u1): ".formatted(name) : "stack " + stack + ": ",
          shop.commands.run("adopt", shop.folder.toString(), "--stack", stack));
    }
    Result undone = shop.commands.run("adopt", "--undo", "--yes", "--stack", stack);
    assertEquals(ExitCode.DONE, undone.exitCode(), undone.toString());
    assertServes();
    assertTrue(things().containsAll(original), things().toString());
  }

  /** After an undo the project goes on its own way; what it is by then is adopted. */
  @Test
  void aProjectThatWasMadeAnewAfterAnUndoIsAdoptedAsItIs() throws Exception {
    shop.done("adopt", name);
    shop.done("adopt", "--undo", "--yes");
    shop.write(composeFile().replace("exec httpd", "sleep 0; exec httpd"));
    assertRefused("service web: command: the files have another one ", "adopt", name);
    shop.compose("up", "--detach", "web");
    shop.done("adopt", shop.folder.toString());
    assertServes();
    shop.done("adopt", "--undo", "--yes");
    assertServes();
  }
}
