package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.Service;
import dev.orchestrator.home.HomeOwnership;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.ReloadReport;
import dev.orchestrator.stack.StackSummary;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightLoad;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.RunWatcher;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two stacks in one service, on a real engine, with clients that write to both. */
@Tag("engine")
@Rotates
@Timeout(400)
class StacksEngineTest {
  private static final String SHOP = "light";

  @TempDir Path directory;
  private final String blog = "blog" + ProcessHandle.current().pid();
  private final int shopPort = FreePorts.next();
  private final int blogPort = FreePorts.next();
  private Path config;
  private Service service;

  @BeforeEach
  void start() throws IOException {
    LightStackFixture shop = LightStackFixture.in(directory, SHOP);
    write(shop.folder(), route("web", shopPort));
    config =
        Files.writeString(
            directory.resolve("orchestrator.conf"),
            """
            home = "%s"
            image.folder = "%s"
            upgrade.rehearse = off
            api.listen = "127.0.0.1:0"
            data { reserve = 100MiB, strategy = copy, rollback = carry }
            upgrade { bake = 2s }
            """
                .formatted(shop.home(), Path.of("../config/image").toAbsolutePath().normalize()));
    service = Service.start(config, System.getenv(), HomeOwnership.ALONE);
  }

  @AfterEach
  void remove() {
    try (Service closing = service) {
      for (StackSummary stack : closing.stacks().list()) {
        if (!stack.state().equals("failed")) {
          closing
              .stacks()
              .control(stack.stack())
              .down(
                  stack.stack().equals(SHOP)
                      ? Control.Removal.VOLUMES // Other tests use its images.
                      : Control.Removal.IMAGES);
        }
      }
    }
  }

  private static String route(String name, int port) {
    return "{ name = %s, listen = \"127.0.0.1:%d\", service = ledger, port = 80 }\n"
        .formatted(name, port);
  }

  private static void write(Path folder, String routes) throws IOException {
    Files.writeString(
        folder.resolve("stack.conf"),
        """
        routes = [
        %s]
        probes = [
          { name = ledger, service = ledger, http { port = 80, path = "/health", body = "^healthy" } }
        ]
        """
            .formatted(routes));
  }

  private static URI address(int port) {
    return URI.create("http://127.0.0.1:" + port);
  }

  private Control control(String stack) {
    return service.stacks().control(stack);
  }

  private Outcome run(String stack, String run) throws InterruptedException {
    Receipt receipt = RunWatcher.await(control(stack), run, event -> {});
    return receipt.upgrade().outcome();
  }

  private String change(ReloadReport report, String stack) {
    return report.stacks().stream()
        .filter(entry -> entry.stack().equals(stack))
        .map(ReloadReport.Entry::change)
        .findFirst()
        .orElse("");
  }

  private StackSummary summary(String stack) {
    return service.stacks().list().stream()
        .filter(each -> each.stack().equals(stack))
        .findFirst()
        .orElseThrow();
  }

  private static void assertListens(int port) throws IOException {
    new Socket(InetAddress.getLoopbackAddress(), port).close();
  }

  @Test
  void stacksComeAndChangeAndAreUpgradedSideBySideWhileClientsWrite() throws Exception {
    assertEquals(Outcome.DONE, run(SHOP, control(SHOP).up("v1")));
    try (LightLoad onShop = new LightLoad(address(shopPort), "/lines")) {
      // A stack is added without a restart.
      Path folder = LightStackFixture.in(directory, blog).folder();
      write(folder, route("web", blogPort));
      assertEquals("added", change(service.stacks().reload(), blog));
      assertEquals(Outcome.DONE, run(blog, control(blog).up("v1")));
      try (LightLoad onBlog = new LightLoad(address(blogPort), "/lines")) {
        upgradeBoth();
        changeRoutes(folder);
        breakOne(folder);
        assertEquals(List.of(), onShop.failures());
        onBlog.assertComplete("the added stack");
        assertEquals(List.of(), onBlog.failures());
      }
      onShop.assertComplete("the first stack");
    }
  }

  private void upgradeBoth() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Outcome> first = threads.submit(() -> run(SHOP, control(SHOP).upgrade("v2")));
      Future<Outcome> second = threads.submit(() -> run(blog, control(blog).upgrade("v2")));
      assertEquals(Outcome.DONE, first.get());
      assertEquals(Outcome.DONE, second.get());
    }
    for (String stack : List.of(SHOP, blog)) {
      assertEquals("v2", summary(stack).version());
      assertEquals("healthy", summary(stack).health());
    }
  }

  /** A second route is opened, while clients use the first. */
  private void changeRoutes(Path folder) throws IOException {
    int added = FreePorts.next();
    write(folder, route("web", blogPort) + route("more", added));
    assertEquals("changed", change(service.stacks().reload(), blog));
    assertListens(added);
    assertListens(blogPort);
    write(folder, route("web", shopPort));
    ReloadReport taken = service.stacks().reload();
    assertEquals("refused", change(taken, blog));
    assertTrue(summary(blog).problem().contains("of stack " + SHOP), summary(blog).problem());
    assertListens(added);
    exchangePorts(folder, added, FreePorts.next());
    write(folder, route("web", blogPort));
    assertEquals("changed", change(service.stacks().reload(), blog));
  }

  /** Each stack gets a port that the other has, in one reload. */
  private void exchangePorts(Path folder, int one, int other) throws IOException {
    Path shop = directory.resolve("stacks").resolve(SHOP);
    for (List<Integer> ports : List.of(List.of(other, one), List.of(one, other))) {
      write(folder, route("web", blogPort) + route("more", ports.getFirst()));
      write(shop, route("web", shopPort) + route("more", ports.getLast()));
      ReloadReport report = service.stacks().reload();
      assertEquals("changed", change(report, blog), report.toString());
      assertEquals("changed", change(report, SHOP), report.toString());
      assertListens(one);
      assertListens(other);
    }
  }

  /** A wrong stack.conf keeps nobody from being served, also over a restart of the service. */
  private void breakOne(Path folder) throws Exception {
    String well = Files.readString(folder.resolve("stack.conf"));
    Files.writeString(folder.resolve("stack.conf"), "routes = 7\n");
    assertEquals("refused", change(service.stacks().reload(), blog));
    assertTrue(summary(blog).problem().contains("stack.conf:1: routes"), summary(blog).problem());
    assertEquals("serving", summary(blog).state());
    assertEquals(Outcome.DONE, run(blog, control(blog).rollback()));
    Files.writeString(folder.resolve("stack.conf"), well);
    assertEquals("unchanged", change(service.stacks().reload(), blog));
    assertEquals("", summary(blog).problem());
  }

  @Test
  void aDamagedStackDisturbsNoOther() throws Exception {
    assertEquals(Outcome.DONE, run(SHOP, control(SHOP).up("v1")));
    Path folder = LightStackFixture.in(directory, blog).folder();
    write(folder, route("web", blogPort));
    assertEquals("added", change(service.stacks().reload(), blog));
    service.close();
    Path journal = directory.resolve("home/state").resolve(blog).resolve("journal.db");
    Files.writeString(journal, "no journal");
    Files.writeString(directory.resolve("stacks/" + SHOP + "/stack.conf"), "routes = 7\n");

    service = Service.start(config, System.getenv(), HomeOwnership.ALONE);

    assertEquals("failed", summary(blog).state());
    assertTrue(summary(blog).problem().contains("the journal is damaged"), summary(blog).problem());
    // Its stack.conf is wrong now, but it serves with what it was.
    assertEquals("serving", summary(SHOP).state());
    try (LightLoad load = new LightLoad(address(shopPort), "/lines")) {
      load.assertComplete("with a damaged stack beside it");
    }
    Files.delete(journal);
    assertEquals("added", change(service.stacks().reload(), blog));
  }
}
