package dev.orchestrator.whole;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The orchestrator is replaced under load, with real processes: by {@code serve --takeover}, and by
 * systemd after a kill.
 */
@Tag("engine")
@Rotates(days = 3)
@Timeout(300)
class TakeoverEngineTest {
  private static final long SOON_NANOS = TimeUnit.SECONDS.toNanos(120);

  @TempDir Path directory;
  private final String name = "take" + ProcessHandle.current().pid();
  private final List<Process> processes = new ArrayList<>();
  private int port;
  private Path config;
  private Path home;

  @BeforeEach
  void writeConfiguration() throws IOException {
    LightStackFixture stack = LightStackFixture.in(directory, name);
    home = stack.home();
    port = FreePorts.next();
    config = directory.resolve("orchestrator.conf");
    Path image = Path.of("../config/image").toAbsolutePath().normalize();
    Files.writeString(
        config,
        """
        stack = %s
        image.folder = "%s"
        upgrade.rehearse = off
        api.listen = "127.0.0.1:0"
        """
            .formatted(stack.name(), image));
    Files.writeString(
        stack.folder().resolve("stack.conf"),
        """
        routes = [
          { name = web, listen = "127.0.0.1:%d", service = ledger, port = 80, protocol = http }
        ]
        probes = [
          { name = ledger, service = ledger, http { port = 80, path = "/health", body = healthy } }
        ]
        """
            .formatted(port));
  }

  @AfterEach
  void removeStack() throws Exception {
    int _ = run("down", "--volumes");
    int _ = run("serve", "--stop");
    processes.forEach(Process::destroy);
    for (Process each : processes) {
      assertTrue(each.waitFor(60, TimeUnit.SECONDS));
    }
  }

  @Test
  void aNewProcessTakesOverUnderLoadAndNoClientNotices() throws Exception {
    assertEquals(0, run("serve", "--detach"));
    assertEquals(0, run("up", "v1"));
    ProcessHandle old = service();
    AtomicBoolean done = new AtomicBoolean();
    AtomicLong served = new AtomicLong();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Void>> clients = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        clients.add(threads.submit(() -> client(done, served)));
      }
      until("clients are served", () -> served.get() > 50);

      assertEquals(0, run("serve", "--detach", "--takeover"));

      assertFalse(service().pid() == old.pid());
      long before = served.get();
      until("clients are served still", () -> served.get() > before + 50);
      until("the old process has left", () -> !old.isAlive());
      assertEquals(0, run("status"));
      assertEquals(0, run("upgrade", "v2")); // it is a whole service
      done.set(true);
      for (Future<Void> each : clients) {
        each.get(30, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void aProcessThatCannotStartLeavesTheOldOneInItsPlaceAndABrokenStackDoesNot() throws Exception {
    assertEquals(0, run("serve", "--detach"));
    assertEquals(0, run("up", "v1"));
    ProcessHandle old = service();
    Files.writeString(config, Files.readString(config) + "engine.host = \"tcp://127.0.0.1:1\"\n");
    assertFalse(run("serve", "--detach", "--takeover") == 0);
    Files.writeString(
        config, Files.readString(config).replace("engine.host = \"tcp://127.0.0.1:1\"\n", ""));
    until("it answers again", () -> run("status") == 0);
    assertEquals(old.pid(), service().pid());
    assertEquals("ledger v1", get());
    assertEquals(0, run("serve", "--detach", "--takeover"));
    assertEquals("ledger v1", get());
    until("the old process has left", () -> !old.isAlive());

    // A stack that neither process can serve keeps none from taking over: others may be served.
    ProcessHandle second = service();
    until("its data is gone", this::removeCapsuleAndData);
    assertEquals(0, run("serve", "--detach", "--takeover"));
    assertFalse(service().pid() == second.pid());
  }

  /** False where the service has started the capsule again meanwhile. */
  private boolean removeCapsuleAndData() {
    try (DockerEngine engine = DockerEngine.connect("", Duration.ofSeconds(10))) {
      Map<String, String> stack = Map.of(Labels.STACK, name);
      engine.containers(stack).forEach(each -> engine.removeContainer(each.name()));
      engine.volumes(stack).forEach(each -> engine.removeVolume(each.name()));
      return engine.volumes(stack).isEmpty();
    } catch (EngineException e) {
      assertEquals(EngineException.Kind.CONFLICT, e.kind(), e.toString());
      return false;
    }
  }

  @Test
  void connectionsToTheOldProcessLiveOnForTheDrainAndNoLonger() throws Exception {
    Files.writeString(config, Files.readString(config) + "takeover.drain = 1h\n");
    assertEquals(0, run("serve", "--detach"));
    assertEquals(0, run("up", "v1"));
    ProcessHandle first = service();
    Process waiting;
    try (Socket half = halfARequest()) {
      Files.writeString(config, Files.readString(config).replace("1h", "0s"));
      assertEquals(0, run("serve", "--detach", "--takeover"));
      assertTrue(first.isAlive());
      assertFalse(run("upgrade", "v2") == 0);
      assertTrue(output().contains("takeover.drain bounds that"), output());
      waiting = start(command("upgrade", "v2", "--wait"));
      processes.add(waiting);
      until("it waits", () -> output().contains("waiting: the process that served before"));
      half.getOutputStream().write("Host: a\r\nConnection: close\r\n\r\n".getBytes(US_ASCII));
      assertTrue(new String(half.getInputStream().readAllBytes(), US_ASCII).contains("ledger v1"));
    }
    until("the old process has left", () -> !first.isAlive());
    assertTrue(waiting.waitFor(240, TimeUnit.SECONDS));
    assertEquals(0, waiting.exitValue(), output());
    assertEquals("ledger v2", get());

    ProcessHandle second = service();
    try (Socket half = halfARequest()) {
      assertEquals(0, run("serve", "--detach", "--takeover"));
      until("the old process has left", () -> !second.isAlive());
      assertEquals(-1, half.getInputStream().read());
    }
  }

  @Test
  void withTheSocketFromSystemdNoClientIsRefusedWhateverEndsTheService() throws Exception {
    Process systemd = supervise(true);
    until("it answers", () -> run("status") == 0);
    assertThrows(ConnectException.class, this::get); // nothing is up
    assertEquals(0, run("up", "v1"));
    AtomicBoolean done = new AtomicBoolean();
    AtomicLong served = new AtomicLong();
    AtomicLong broken = new AtomicLong();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor();
        AutoCloseable _ = () -> done.set(true)) {
      List<Future<Void>> clients = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        clients.add(threads.submit(() -> stubbornClient(done, served, broken)));
      }
      for (int i = 0; i < 2; i++) {
        long before = served.get();
        until("clients are served", () -> served.get() > before + 50);
        assertTrue(i == 0 ? service().destroyForcibly() : service().destroy());
      }
      until("it answers again", () -> run("status") == 0);
      assertEquals(0, run("upgrade", "v2", "--detach"));
      assertTrue(service().destroyForcibly());
      until("it answers again", () -> run("status") == 0);
      long before = served.get();
      until("clients are served again", () -> served.get() > before + 50);
      int _ = run("watch"); // the upgrade goes on, or was undone
      done.set(true);
      for (Future<Void> each : clients) {
        each.get(60, TimeUnit.SECONDS);
      }
    }
    // Those that were in flight at a kill; the others waited.
    assertTrue(broken.get() <= 3 * 4, broken + " broke off");
    assertFalse(run("serve", "--takeover") == 0);
    assertTrue(output().contains("systemctl restart"), output());
    assertEquals(0, run("down", "--volumes"));
    assertThrows(ConnectException.class, this::get);
    systemd.destroy();
    assertTrue(systemd.waitFor(60, TimeUnit.SECONDS));
  }

  @Test
  void aSocketThatWouldBlockIsRefusedWithWhatToDo() throws Exception {
    Process systemd = supervise(false);
    until("it says so", () -> output().contains("write NonBlocking=yes in the service's unit"));
    systemd.destroy();
    assertTrue(systemd.waitFor(60, TimeUnit.SECONDS));
    assertFalse(output().contains("\tat "), output());
  }

  private Process supervise(boolean nonBlocking) throws IOException {
    Path script = Path.of("src/test/resources/supervise.pl").toAbsolutePath();
    List<String> command = new ArrayList<>(List.of("perl", script.toString()));
    command.addAll(List.of(Integer.toString(port), nonBlocking ? "1" : ""));
    command.addAll(command("serve"));
    Process process = start(command);
    processes.add(process);
    return process;
  }

  private String output() {
    try {
      return Files.readString(directory.resolve("out"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Void stubbornClient(AtomicBoolean done, AtomicLong served, AtomicLong broken)
      throws ConnectException {
    while (!done.get()) {
      try {
        String answer = answer();
        if (answer.startsWith("HTTP/1.1 200 ") && answer.contains("ledger v")) {
          served.incrementAndGet();
        } else {
          broken.incrementAndGet();
        }
      } catch (ConnectException e) {
        throw e; // refused
      } catch (IOException e) {
        broken.incrementAndGet();
      }
    }
    return null;
  }

  private Socket halfARequest() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(60_000);
    socket.getOutputStream().write("GET / HTTP/1.1\r\n".getBytes(US_ASCII));
    return socket;
  }

  private ProcessHandle service() throws IOException {
    String pid = HomeFiles.read(new HomeFiles(home).pid()).orElseThrow().split(" ", -1)[0];
    return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
  }

  private Void client(AtomicBoolean done, AtomicLong served) throws IOException {
    while (!done.get()) {
      String said = get();
      assertTrue(said.equals("ledger v1") || said.equals("ledger v2"), said);
      served.incrementAndGet();
    }
    return null;
  }

  /** On a connection of its own: one that is refused or reset fails the test. */
  private String get() throws IOException {
    String answer = answer();
    assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
    return answer.substring(answer.indexOf("\r\n\r\n") + 4).strip().lines().reduce("", (a, b) -> b);
  }

  private String answer() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(60_000);
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".getBytes(US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), US_ASCII);
    }
  }

  private List<String> command(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.orchestrator.Main"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--config", config.toString(), "--home", home.toString()));
    return command;
  }

  private Process start(List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve("out").toFile()))
        .start();
  }

  private int run(String... arguments) {
    try {
      Process process = start(command(arguments));
      processes.add(process);
      assertTrue(process.waitFor(240, TimeUnit.SECONDS));
      return process.exitValue();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void until(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + SOON_NANOS;
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, () -> what + "\n" + output());
      LockSupport.parkNanos(1_000_000);
    }
  }
}
