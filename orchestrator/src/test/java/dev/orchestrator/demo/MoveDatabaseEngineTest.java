package dev.orchestrator.demo;

import static dev.orchestrator.testing.OtherHostFixture.assertDone;
import static dev.orchestrator.testing.OtherHostFixture.end;
import static dev.orchestrator.testing.OtherHostFixture.printHold;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.orchestrator.demo.SqlLoad.Connections;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.OtherHostFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.TestImagesFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A stack with MariaDB moves to another engine and back while clients insert rows all the time. */
@Tag("engine")
@Rotates
@Timeout(300)
class MoveDatabaseEngineTest {
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  @TempDir Path directory;

  private final int port = FreePorts.next();

  private ServiceProcessFixture service(OtherHostFixture host) throws Exception {
    Path stack = directory.resolve("stacks/moved" + ProcessHandle.current().pid());
    try (Engine engine = DockerEngine.connect("", TIMEOUT)) {
      String _ = TestImagesFixture.base(engine);
      writeRelease(
          Files.createDirectories(stack.resolve("releases/v1")),
          TestImagesFixture.database(engine, "mariadb", "1"));
    }
    Files.writeString(
        stack.resolve("stack.conf"),
        """
        routes = [ { name = db, listen = "127.0.0.1:%d", service = db, port = 3306 } ]
        data { reserve = 100MiB, strategy = copy }
        upgrade { hold-budget = 60s, drain-budget = 500ms, bake = 1s,
          verify { passes = 1, interval = 100ms, deadline = 40s } }
        """
            .formatted(port));
    ServiceProcessFixture service = ServiceProcessFixture.withoutStacks(directory, "");
    service.setEnvironment("PATH", host.ssh.path());
    service.start();
    return service;
  }

  private static void writeRelease(Path folder, String image) throws IOException {
    Files.writeString(
        folder.resolve("compose.yaml"),
        """
        services:
          db:
            image: %s
            environment: {WORDPRESS_DB_PASSWORD: demo-wordpress, LEDGER_DB_PASSWORD: demo-ledger}
            volumes: ["db:/var/lib/mysql"]
            tmpfs: [/run, /tmp]
            ports: ["3306"]
            stop_grace_period: 60s
            healthcheck:
              test: [CMD, healthy]
              interval: 1s
              start_interval: 250ms
              start_period: 60s
              timeout: 3s
              retries: 60
        volumes: {db: }
        """
            .formatted(image));
  }

  @Test
  void aDatabaseMovesThereAndBackAndNoRowIsLost() throws Exception {
    try (OtherHostFixture host =
            new OtherHostFixture(Files.createDirectory(directory.resolve("other")));
        ServiceProcessFixture service = service(host)) {
      assertDone(end(service, service.requestRun("/v1/up", Map.of("version", "v1"))));
      try (SqlLoad kept = SqlLoad.mariadb(port, "kept", Connections.KEPT);
          SqlLoad fresh = SqlLoad.mariadb(port, "fresh", Connections.FRESH)) {
        List<SqlLoad> clients = List.of(kept, fresh);
        for (SqlLoad client : clients) {
          client.start();
        }
        Receipt moved = end(service, host.move(service));
        assertDone(moved);
        printHold("MariaDB moves there", moved);
        Status.Side serving = service.status().serving();
        assertNotNull(serving);
        assertEquals(host.ssh.address(), serving.engine());
        assertNoneLost("there", clients);

        Receipt back = end(service, service.requestRun("/v1/rollback", Map.of("data", "carry")));
        assertDone(back);
        printHold("MariaDB moves back", back);
        for (SqlLoad client : clients) {
          client.stop();
        }
        assertNoneLost("back", clients);
      }
    }
  }

  private static void assertNoneLost(String where, List<SqlLoad> clients) throws IOException {
    for (SqlLoad client : clients) {
      Set<Long> acknowledged = client.acknowledged();
      assertEquals(Set.of(), client.missing(acknowledged), where + ": acknowledged and lost");
      assertEquals(0, client.refused(), where + ": refused: " + client.failures());
      System.out.printf(
          "%s: %d rows acknowledged, %d writes cut off, longest %d ms%n",
          where, acknowledged.size(), client.failures().size(), client.longestMillis());
    }
  }
}
