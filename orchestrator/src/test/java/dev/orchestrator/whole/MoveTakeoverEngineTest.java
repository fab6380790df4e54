package dev.orchestrator.whole;

import static dev.orchestrator.testing.OtherHostFixture.assertDone;
import static dev.orchestrator.testing.OtherHostFixture.assertNoneLost;
import static dev.orchestrator.testing.OtherHostFixture.end;
import static dev.orchestrator.testing.OtherHostFixture.runningHere;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.client.CommandException;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.OtherHostFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.SubprocessLoad;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** The orchestrator of the other host takes a stack over that was moved there. */
@Tag("engine")
@Rotates
@Timeout(240)
class MoveTakeoverEngineTest {
  @TempDir static Path shared;
  private static OtherHostFixture host;

  @TempDir Path directory;

  @BeforeAll
  static void startOtherHost() throws Exception {
    host = new OtherHostFixture(shared);
  }

  @AfterAll
  static void stopOtherHost() {
    if (host != null) {
      host.close();
    }
  }

  @Test
  void theOrchestratorThereTakesTheStackOverAsItRuns() throws Exception {
    Path folder = Files.createDirectory(directory.resolve("other"));
    int portThere = FreePorts.next();
    try (ServiceProcessFixture service = host.service(directory);
        ServiceProcessFixture other =
            ServiceProcessFixture.withoutStacks(
                folder, "engine.host = \"%s\"".formatted(host.engine.host()))) {
      String stack = service.status().stack();
      SubprocessLoad there = new SubprocessLoad(portThere);
      Set<Integer> acknowledged;
      try (SubprocessLoad client = new SubprocessLoad(service.port).start()) {
        assertDone(end(service, host.move(service)));
        Status.Side serving = service.status().serving();
        assertNotNull(serving);
        assertRefused(
            "'orchestrator import --attach", () -> post(service, "/v1/move-done", Map.of()));

        other.setEnvironment(OtherHostFixture.ROUTE_PORT, Integer.toString(portThere));
        other.start();
        post(other, "/v1/attach", Map.of("container", stack));
        assertEquals(List.of(serving.container()), host.running(service));
        assertRefused(
            "has taken the stack over",
            () -> service.requestRun("/v1/rollback", Map.of("data", "carry")));
        assertNoneLost(client);
        try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), service.port)) {
          service.awaitCondition(
              "it is open",
              () -> service.status().routes().stream().anyMatch(route -> route.open() > 0));
          assertRefused("still come by the routes", () -> post(service, "/v1/move-done", Map.of()));
        }
        acknowledged = client.acknowledged();
        acknowledged.removeAll(there.readNumbers());
        assertEquals(Set.of(), acknowledged, "by the address of the other host");
        acknowledged = client.acknowledged();
        assertEquals(0, client.refused());
      }
      post(service, "/v1/move-done", Map.of("now", true));
      assertEquals("empty", service.status().state());
      assertEquals(List.of(), runningHere(stack));

      Status status = other.awaitServing();
      assertNotNull(status.serving());
      assertEquals("v1", status.serving().version());
      acknowledged.removeAll(there.readNumbers());
      assertEquals(Set.of(), acknowledged, "acknowledged and lost");
    }
  }

  private static void assertRefused(String words, Executable request) {
    CommandException refused = assertThrows(CommandException.class, request);
    assertTrue(String.valueOf(refused.getMessage()).contains(words), refused.toString());
  }

  private static void post(ServiceProcessFixture service, String path, Map<String, ?> body) {
    String _ = service.api().post(path, body, Duration.ofMinutes(2));
  }
}
