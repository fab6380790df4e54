package dev.orchestrator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.RemoteEngines;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.settings.ServiceSettings.StackEntry;
import dev.orchestrator.stack.HandoverPort;
import dev.orchestrator.stack.ReloadReport;
import dev.orchestrator.stack.StackSummary;
import dev.orchestrator.testing.ConfigFolderFixture;
import dev.orchestrator.testing.EngineCallHook;
import dev.orchestrator.testing.FakeBehaviour;
import dev.orchestrator.testing.FakeEngine;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.GenerationFixture;
import dev.orchestrator.traffic.ServiceTraffic;
import dev.orchestrator.upgrade.RunLimits;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The stacks of a service with an empty engine: none of them was ever up. */
@Timeout(60)
class StackRegistryTest {
  @TempDir Path folder;
  private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
  private final FakeEngine engine = new FakeEngine(FakeBehaviour.QUIET);
  private final ServiceTraffic traffic = new ServiceTraffic(vertx, InheritedSockets.none());
  private final Successor successor = new Successor();
  private final int shopPort = FreePorts.next();
  private Path conf;
  private StackRegistry registry;

  /** A process that is awaited, or is not. */
  private static final class Successor implements HandoverPort {
    private boolean awaited;

    @Override
    public String offer() {
      awaited = true;
      return "/takeover";
    }

    @Override
    public boolean isOffered() {
      return awaited;
    }

    @Override
    public boolean hasPredecessorLeft() {
      return true;
    }
  }

  @BeforeEach
  void open() throws IOException {
    ConfigFolderFixture config = ConfigFolderFixture.in(folder, "home = state", "");
    write("shop", route(shopPort));
    conf = config.conf();
    openRegistry();
  }

  private void openRegistry() {
    registry =
        StackRegistry.open(
            new ManagedStack.Shared(
                vertx, engine, successor, new RunLimits(1, 1), RemoteEngines.NONE),
            traffic,
            SettingsSource.of(conf, Map.of()));
  }

  /** Has a version of each stack serve, in a capsule that runs. */
  private void reopenServing(String... stacks) {
    registry.close();
    engine.addImage("image", Map.of());
    for (StackEntry entry : SettingsSource.of(conf, Map.of()).current().stacks()) {
      if (List.of(stacks).contains(entry.folder())) {
        try (Journal journal =
            Journal.open(
                Objects.requireNonNull(entry.settings()).journal(), InstantSource.system())) {
          GenerationFixture.serveFirst(journal);
        }
      }
    }
    String container = GenerationFixture.generation(1, "v1").container();
    engine.createContainer(
        ContainerSpec.helper(container, "image", List.of("serve"), Map.of(), List.of()));
    engine.startContainer(container);
    openRegistry();
  }

  private void loseEngine() {
    engine.hook(
        new EngineCallHook() {
          @Override
          public void before(String operation, String name) {
            throw new EngineException(EngineException.Kind.UNREACHABLE, "no engine answers");
          }
        });
  }

  @AfterEach
  void close() {
    registry.close();
    traffic.close();
    engine.close();
    vertx.close().await();
  }

  private static String route(int port) {
    return "routes = [ { name = web, listen = \"127.0.0.1:%d\", service = web, port = 80 } ]\n"
        .formatted(port);
  }

  private void write(String stack, String text) throws IOException {
    Path directory = Files.createDirectories(folder.resolve("stacks").resolve(stack));
    Files.writeString(directory.resolve("stack.conf"), text);
  }

  private ReloadReport.Entry reloaded(String stack) {
    return registry.reload().stacks().stream()
        .filter(entry -> entry.stack().equals(stack))
        .findFirst()
        .orElseThrow();
  }

  private StackSummary summary(String stack) {
    return registry.list().stream()
        .filter(each -> each.stack().equals(stack))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aCommandWithoutANameIsRefusedWhereThereAreSeveral() {
    assertEquals(
        "this service has several stacks (demo, shop): say which with --stack NAME",
        assertThrows(RefusedException.class, registry::only).getMessage());
    assertEquals(
        "there is no stack blog; there are demo, shop",
        assertThrows(RefusedException.class, () -> registry.control("blog")).getMessage());
    assertEquals("empty", summary("shop").state());
  }

  @Test
  void stacksComeChangeAndGo() throws IOException {
    write("blog", "");
    assertEquals("added", reloaded("blog").change());
    assertEquals("unchanged", reloaded("shop").change());
    write("shop", route(FreePorts.next()));
    assertEquals("changed", reloaded("shop").change());
    Files.delete(folder.resolve("stacks/blog/stack.conf"));
    assertEquals("removed", reloaded("blog").change());
    assertEquals(
        List.of("demo", "shop"), registry.list().stream().map(StackSummary::stack).toList());
  }

  @Test
  void aWrongStackKeepsWhatItHadAndAReloadWithoutChangesReplacesNothing() throws IOException {
    var before = registry.control("shop");
    assertEquals("unchanged", reloaded("shop").change());
    assertSame(before, registry.control("shop"));
    write("shop", "routes = 7\n");
    ReloadReport.Entry refused = reloaded("shop");
    assertEquals("refused", refused.change());
    assertTrue(refused.text().contains("stack.conf:1: routes: "), refused.text());
    assertSame(before, registry.control("shop"));
    assertEquals(refused.text(), summary("shop").problem());
    write("shop", route(shopPort));
    assertEquals("unchanged", reloaded("shop").change());
    assertEquals("", summary("shop").problem());
  }

  @Test
  void aStackThatIsWrongFromItsBeginningSaysWhyAndIsAddedWhenItIsRight() throws IOException {
    write("blog", route(shopPort));
    assertEquals("refused", reloaded("blog").change());
    assertEquals("failed", summary("blog").state());
    assertTrue(
        String.valueOf(
                assertThrows(RefusedException.class, () -> registry.control("blog")).getMessage())
            .contains("is taken by route \"web\" of stack shop"));
    write("blog", "");
    assertEquals("added", reloaded("blog").change());
  }

  @Test
  void nothingIsReadWhileAnotherProcessTakesOver() throws IOException {
    assertEquals("/takeover", registry.handOver());
    write("blog", "");
    assertThrows(NotYetException.class, registry::reload);
    assertEquals(
        List.of("demo", "shop"), registry.list().stream().map(StackSummary::stack).toList());
  }

  @Test
  void stacksExchangeTheirPortsInOneReloadAndNobodyIsRefused() throws Exception {
    int blogPort = FreePorts.next();
    write("blog", route(blogPort));
    reopenServing("shop", "blog");
    write("shop", route(blogPort));
    write("blog", route(shopPort));
    try (PortWatch watch = new PortWatch(shopPort, blogPort)) {
      assertEquals("changed changed", changes(registry.reload(), "shop", "blog"));
      watch.assertNobodyRefused();
    }
    assertEquals("127.0.0.1:" + blogPort, address("shop"));
    assertEquals("127.0.0.1:" + shopPort, address("blog"));
  }

  @Test
  void aStackWhosePortGoesElsewhereWaitsForNoSecondReload() throws IOException {
    write("blog", route(FreePorts.next()));
    reopenServing("shop", "blog");
    // In the order of their names blog comes first, and gets a port that shop still has.
    write("shop", route(FreePorts.next()));
    write("blog", route(shopPort));
    write("zoo", "");
    assertEquals("changed changed added", changes(registry.reload(), "shop", "blog", "zoo"));
    assertEquals("127.0.0.1:" + shopPort, address("blog"));
  }

  @Test
  void whenOneOfTwoThatExchangePortsIsRefusedBothStayAsTheyWere() throws Exception {
    int blogPort = FreePorts.next();
    write("blog", route(blogPort));
    reopenServing("shop", "blog");
    write("shop", route(blogPort));
    write("blog", "name = news\n" + route(shopPort));
    try (PortWatch watch = new PortWatch(shopPort, blogPort)) {
      assertEquals("refused refused", changes(registry.reload(), "shop", "blog"));
      watch.assertNobodyRefused();
    }
    assertEquals(
        "it is to have a port of stack blog, whose change was refused", summary("shop").problem());
    assertEquals("127.0.0.1:" + shopPort, address("shop"));
    assertEquals("127.0.0.1:" + blogPort, address("blog"));
    write("blog", route(shopPort));
    assertEquals("changed changed", changes(registry.reload(), "shop", "blog"));
    assertEquals("127.0.0.1:" + shopPort, address("blog"));
  }

  @Test
  void withoutAnEngineChangesAreTakenThatNeedNone() throws IOException {
    reopenServing("shop");
    registry.close();
    loseEngine();
    openRegistry();
    write("shop", route(shopPort) + "upgrade.keep = 2\n");
    assertEquals("changed", reloaded("shop").change());
    write("shop", route(FreePorts.next()));
    ReloadReport.Entry refused = reloaded("shop");
    assertEquals("refused", refused.change());
    assertEquals(
        "its routes have changed, and the engine, which knows where they lead, does not answer (no"
            + " engine answers): reload again when it does",
        refused.text());
    assertEquals("127.0.0.1:" + shopPort, address("shop"));
  }

  @Test
  void aStackThatWaitsForTheEngineKeepsNoProcessFromTakingOver() {
    reopenServing("shop");
    registry.close();
    loseEngine();
    openRegistry();
    assertEquals("/takeover", registry.handOver());
  }

  private String address(String stack) {
    return registry.control(stack).status().routes().getFirst().address();
  }

  private static String changes(ReloadReport report, String... stacks) {
    Map<String, String> changes =
        report.stacks().stream()
            .collect(Collectors.toMap(ReloadReport.Entry::stack, ReloadReport.Entry::change));
    return Stream.of(stacks).map(changes::get).collect(Collectors.joining(" "));
  }

  /** A client that connects to ports without pause. */
  private static final class PortWatch implements AutoCloseable {
    private final List<String> refused = new CopyOnWriteArrayList<>();
    private final AtomicInteger rounds = new AtomicInteger();
    private volatile boolean ended;
    private final Thread thread;

    PortWatch(int... ports) {
      thread =
          Thread.ofVirtual()
              .start(() -> {
                while (!ended) {
                  for (int port : ports) {
                    connect(port);
                  }
                  rounds.incrementAndGet();
                }
              });
      awaitRounds(2);
    }

    private void connect(int port) {
      try {
        new Socket(InetAddress.getLoopbackAddress(), port).close();
      } catch (IOException e) {
        refused.add(port + ": " + e.getMessage());
      }
    }

    private void awaitRounds(int more) {
      int until = rounds.get() + more;
      while (rounds.get() < until) {
        Thread.onSpinWait();
      }
    }

    void assertNobodyRefused() {
      awaitRounds(20);
      assertEquals(List.of(), refused);
    }

    @Override
    public void close() {
      ended = true;
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Test
  void whatNeedsAnotherProcessIsSaid() throws IOException {
    Files.writeString(folder.resolve("orchestrator.conf"), "home = state\nlimits.builds = 2\n");
    assertEquals(
        List.of("limits has changed, which needs another process: 'orchestrator serve --takeover'"),
        registry.reload().notes());
  }
}
