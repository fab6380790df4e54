package dev.orchestrator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.stack.HandoverPort;
import dev.orchestrator.stack.ReloadReport;
import dev.orchestrator.stack.StackSummary;
import dev.orchestrator.testing.ConfigFolderFixture;
import dev.orchestrator.testing.FakeBehaviour;
import dev.orchestrator.testing.FakeEngine;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.traffic.ServiceTraffic;
import dev.orchestrator.upgrade.RunLimits;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
  private final Engine engine = new FakeEngine(FakeBehaviour.QUIET);
  private final ServiceTraffic traffic = new ServiceTraffic(vertx, InheritedSockets.none());
  private final Successor successor = new Successor();
  private final int shopPort = FreePorts.next();
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
    registry =
        StackRegistry.open(
            new ManagedStack.Shared(vertx, engine, successor, new RunLimits(1, 1)),
            traffic,
            SettingsSource.of(config.conf(), Map.of()));
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
  void whatNeedsAnotherProcessIsSaid() throws IOException {
    Files.writeString(folder.resolve("orchestrator.conf"), "home = state\nlimits.builds = 2\n");
    assertEquals(
        List.of("limits has changed, which needs another process: 'orchestrator serve --takeover'"),
        registry.reload().notes());
  }
}
