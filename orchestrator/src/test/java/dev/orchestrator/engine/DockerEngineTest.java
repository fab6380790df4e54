package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.EngineException.Kind;
import dev.orchestrator.testing.TestImagesFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("engine")
final class DockerEngineTest extends EngineContract {
  private static DockerEngine engine;
  private static TestImagesFixture images;

  @BeforeAll
  static void connect(@TempDir Path context) throws IOException {
    engine = DockerEngine.connect("", Duration.ofSeconds(10));
    images = TestImagesFixture.busybox(engine, context);
  }

  @AfterAll
  static void close() {
    images.remove();
    engine.close();
  }

  @Override
  Engine engine() {
    return engine;
  }

  @Override
  void runByHand(String container) {
    try (DockerEngine other = DockerEngine.connect("", SOON)) {
      ExecResult _ = other.exec(container, shell("exit 0"), SOON);
    }
  }

  @Override
  String image() {
    return images.reference();
  }

  @Test
  void aBuildTakesArgumentsTargetAndIgnoredFiles(@TempDir Path context) throws IOException {
    Files.writeString(
        context.resolve("File"),
        """
        FROM --platform=$BUILDPLATFORM %s AS first
        ARG WHO=nobody
        COPY . /in/
        RUN ["/bin/busybox", "sh", "-c", "/bin/busybox echo hello $WHO"]
        ARG TARGETPLATFORM
        RUN ["/bin/busybox", "sh", "-c", "/bin/busybox echo for $TARGETPLATFORM"]
        RUN ["/bin/busybox", "grep", "other", "/etc/hosts"]
        RUN ["/bin/busybox", "df", "-k", "/dev/shm"]
        RUN ["/bin/busybox", "sh", "-c", "[ -x /in/run.sh ] && [ ! -e /in/secret ]"]
        FROM first AS second
        RUN ["/bin/busybox", "false"]
        """
            .formatted(image()));
    Files.writeString(context.resolve("run.sh"), "#!/bin/sh\n");
    assertTrue(context.resolve("run.sh").toFile().setExecutable(true));
    Files.writeString(context.resolve("secret"), "s");
    Files.writeString(context.resolve(".dockerignore"), "secret\nFile\n");
    List<String> progress = new ArrayList<>();
    String tag = run + ":built";
    BuildOptions options =
        new BuildOptions("none", List.of("other:10.9.8.7", "another:10.9.8.6"), 3 << 20);
    BuildSpec spec =
        new BuildSpec(context, "File", "first", Map.of("WHO", "you"), labels, tag, options);
    String id = engine.build(spec, Duration.ofMinutes(2), progress::add);
    assertEquals(id, engine.image(tag).orElseThrow().id());
    assertEquals(List.of(id), engine.images(labels).stream().map(ImageInfo::id).toList());
    assertTrue(progress.stream().anyMatch("hello you"::equals), progress.toString());
    assertTrue(progress.contains("for " + engine.info().platform()), progress.toString());
    assertTrue(progress.contains("10.9.8.7\tother"), progress.toString());
    assertTrue(progress.contains("10.9.8.6\tanother"), progress.toString());
    assertTrue(progress.stream().anyMatch(line -> line.contains(" 3072 ")), progress.toString());

    EngineException e =
        fails(
            Kind.BUILD_FAILED,
            () ->
                engine.build(
                    new BuildSpec(context, "File", null, Map.of(), labels, run + ":no"),
                    Duration.ofMinutes(2),
                    line -> {}));
    assertTrue(String.valueOf(e.getMessage()).contains("returned a non-zero code: 1"), e::toString);
    fails(
        Kind.BUILD_FAILED,
        () ->
            engine.build(
                new BuildSpec(context, "Missing", null, Map.of(), labels, run + ":no"),
                SOON,
                line -> {}));
  }

  /** It is kept while the container is removed, so that this waits for no flush of the disk. */
  @Test
  void theRootOfAContainerThatWasRemovedIsNotKeptOpen() throws Exception {
    String name = run + "-root";
    engine.createContainer(ContainerSpec.helper(name, image(), shell(RUNS_ON), labels, List.of()));
    engine.startContainer(name);
    Process inspect =
        new ProcessBuilder("docker", "inspect", "-f", "{{.GraphDriver.Data.MergedDir}}", name)
            .start();
    String root = inspect.inputReader().readLine();
    Object device = Files.getAttribute(Path.of(root), "unix:dev");
    try (RootPin _ = RootPin.of(root)) {
      assertTrue(isOpen(device));
      engine.removeContainer(name);
      assertTrue(isOpen(device));
    }
    long end = System.nanoTime() + SOON.toNanos();
    while (isOpen(device)) {
      assertTrue(System.nanoTime() < end, "it is still open");
      Thread.onSpinWait();
    }
  }

  /** Whether this process has a file of that file system open. */
  private static boolean isOpen(Object device) throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.anyMatch(each -> device.equals(device(each)));
    }
  }

  /** Empty for a file that was closed meanwhile. */
  private static Object device(Path file) {
    try {
      return Files.getAttribute(file, "unix:dev");
    } catch (IOException _) {
      return "";
    }
  }

  @Test
  void securityAsAsked() {
    ContainerSpec plain =
        ContainerSpec.helper(run + "-sec", image(), shell(RUNS_ON), labels, List.of());
    engine.createContainer(
        new ContainerSpec(
            plain.name(),
            plain.image(),
            plain.entrypoint(),
            plain.command(),
            Map.of("GREETING", "hi"),
            labels,
            List.of(),
            List.of("/run", "/scratch:size=1m,exec"),
            "bridge",
            List.of(),
            new ContainerSecurity(
                false,
                true,
                List.of("NET_RAW"),
                List.of("seccomp=unconfined"),
                List.of(),
                false,
                List.of("/dev/null"),
                Map.of("nofile", new ContainerSecurity.Limit(1000, 1234))),
            Duration.ofSeconds(7),
            Map.of()));
    engine.startContainer(plain.name());
    assertTrue(engine.container(plain.name()).orElseThrow().address().contains("."));
    String script =
        "b=/bin/busybox; $b mkdir -p /proc; $b grep CapEff /proc/self/status; echo $GREETING; $b"
            + " grep -E ' /(run|scratch) ' /proc/mounts; ulimit -Hn; ulimit -Sn; $b grep -c '"
            + " /proc/' /proc/mounts";
    String out = engine.exec(plain.name(), shell(script), SOON).stdout();
    assertTrue(out.contains("CapEff:\t0000000000002000"), out);
    assertTrue(out.contains("hi\n"), out);
    assertTrue(out.contains("tmpfs /scratch"), out);
    assertTrue(out.contains("1234\n1000\n"), out);
    assertTrue(out.endsWith("\n0\n"), "nothing of /proc is masked: " + out);
  }

  @Test
  void aLogKeepsWithinTheSizeThatItsOptionsGiveIt() {
    ContainerSpec plain =
        ContainerSpec.helper(
            run + "-log", image(), shell("/bin/busybox seq 100000"), labels, List.of());
    engine.createContainer(
        new ContainerSpec(
            plain.name(),
            plain.image(),
            plain.entrypoint(),
            plain.command(),
            plain.env(),
            plain.labels(),
            plain.mounts(),
            plain.tmpfs(),
            plain.network(),
            plain.nameServers(),
            plain.security(),
            plain.stopTimeout(),
            Map.of("max-size", "10k", "max-file", "2")));
    engine.startContainer(plain.name());
    assertEquals(0, engine.awaitExit(plain.name(), SOON));
    List<String> kept = engine.logs(plain.name(), 200_000);
    assertEquals("100000", kept.getLast());
    assertTrue(kept.size() < 1000, kept.size() + " lines are kept of 100000");
  }

  @Test
  void aMissingProgramIsAnExitCode() {
    String name = running(RUNS_ON);
    ExecResult result = engine.exec(name, List.of("/no/such"), SOON);
    assertFalse(result.ok());
    assertTrue(result.errorLine().contains("/no/such"), result.toString());
  }

  @Test
  void aPullSaysWhyItFailed() {
    String reference = "127.0.0.1:1/nobody/nothing:v9";
    EngineException e =
        fails(Kind.UNREACHABLE, () -> engine.pull(reference, Duration.ofMinutes(1), line -> {}));
    assertTrue(String.valueOf(e.getMessage()).contains(reference), e::toString);
    assertTrue(String.valueOf(e.getMessage()).contains("connection refused"), e::toString);
  }

  @Test
  void anInterruptedWaitEnds() throws Exception {
    String name = running(RUNS_ON);
    CountDownLatch in = new CountDownLatch(1);
    FutureTask<EngineException> wait =
        new FutureTask<>(() -> {
          in.countDown();
          return fails(Kind.INTERRUPTED, () -> engine.awaitExit(name, SOON));
        });
    Thread thread = Thread.ofVirtual().start(wait);
    in.await();
    thread.interrupt();
    wait.get(10, TimeUnit.SECONDS);
  }

  @Test
  void inAnIsolatedNetworkThereIsNoWayOut() {
    String name = run + "-isolated";
    engine.createIsolatedNetwork(name, labels);
    engine.createContainer(
        ContainerSpec.helper(name, image(), shell(RUNS_ON), labels, List.of())
            .withNetwork(name)
            .withNameServers(List.of("192.0.2.1")));
    engine.startContainer(name);
    ExecResult servers = engine.exec(name, shell("/bin/busybox cat /etc/resolv.conf"), SOON);
    assertTrue(servers.stdout().contains("127.0.0.11"), servers.stdout());
    for (String outside : List.of("192.0.2.7", "198.51.100.7", "example.com")) {
      ExecResult reached =
          engine.exec(
              name, shell("/bin/busybox timeout 3 /bin/busybox ping -c 1 " + outside), SOON);
      assertFalse(reached.ok(), "reaches " + outside + ": " + reached.stdout());
    }
  }
}
