package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.FarClient;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.NetworkNamespaceFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.ServiceProcessFixture;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Routes with {@code path = kernel}, and a client on another host that uses them all the time: the
 * service sees the client's own address; a kill of the orchestrator ends no connection and refuses
 * none; an upgrade holds clients as ever; a service that is started again refuses nobody; nothing
 * is left behind at the end.
 */
@Tag("engine")
@Rotates
@Timeout(600)
class KernelPathEngineTest {
  @TempDir Path directory;

  private final List<String> lines = new ArrayList<>();

  @Test
  void clientsPassByTheServiceBetweenRunsAndWaitInItWhileARunHoldsThem() throws Exception {
    LightStackFixture stack = LightStackFixture.in(directory);
    int web = FreePorts.next();
    int udp = FreePorts.next();
    String settings =
        """
        routes = [
          { name = web, listen = "0.0.0.0:%d", service = ledger, port = 80, path = kernel }
          { name = greeting, listen = "0.0.0.0:%d", service = greeter, port = 7000, protocol = udp, path = kernel }
        ]
        upgrade { hold-budget = 60s, drain-budget = 5s, bake = 1s,
          verify { passes = 1, interval = 100ms, deadline = 30s } }
        """
            .formatted(web, udp);
    String table = "orchestrator_%s_light".formatted(Labels.home(stack.home()));
    try (NetworkNamespaceFixture far = new NetworkNamespaceFixture();
        ServiceProcessFixture service = new ServiceProcessFixture(stack, web, settings)) {
      service.start();
      run(service, "/v1/up", "v1");
      awaitKernel(service);
      assertTrue(run("nft", "list", "tables").contains(table));

      Process client = start(far, web, udp);
      try (Writer commands = client.outputWriter();
          BufferedReader output =
              new BufferedReader(
                  new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8))) {
        await(output, line -> line.startsWith("written "), 3);
        await(output, line -> line.startsWith("told hello from v1"), 1);
        say(commands, "open");
        await(output, "opened"::equals, 1);
        assertTrue(
            seenByService(service.status()).contains(hex(far.address())), "the client's own");

        service.kill();
        await(output, line -> line.startsWith("written "), 20);
        say(commands, "finish");
        await(output, "finished 2"::equals, 1);
        service.start();
        awaitKernel(service);
        await(output, line -> line.startsWith("written "), 3);

        run(service, "/v1/upgrades", "v2");
        awaitKernel(service);
        await(output, line -> line.startsWith("told hello from v2"), 1);
        await(output, line -> line.startsWith("written "), 3);
        Status.Route route = service.status().routes().getFirst();
        assertTrue(route.kernelTotal() > 0 && route.kernelBytes() > 0, route.toString());

        say(commands, "stop");
        await(output, line -> line.startsWith("acknowledged "), 1);
      } finally {
        client.destroyForcibly();
      }
      assertEquals(
          List.of(),
          lines.stream().filter(line -> line.startsWith("failed")).toList(),
          "refused or broken");

      String ledger = "docker %s $(docker ps -aq --filter label=com.docker.compose.service=ledger)";
      inCapsule(service.status(), ledger.formatted("stop"));
      Process patient =
          new ProcessBuilder(
                  far.inside("bash", "-c", "exec 3<>/dev/tcp/%s/%d".formatted(host(far), web)))
              .redirectErrorStream(true)
              .start();
      service.awaitCondition(
          "its first try was not answered",
          () -> !run("nft", "list", "chain", "ip", table, "wait").contains("counter packets 0 "));
      inCapsule(service.status(), ledger.formatted("start"));
      String told = new String(patient.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, patient.waitFor(), "refused while its service was started again: " + told);

      service.api().post("/v1/down", Map.of(), Duration.ofMinutes(2));
      assertFalse(run("nft", "list", "tables").contains(table));
      assertFalse(run("iptables", "-S", "DOCKER-USER").contains(table));
    }
  }

  private static void run(ServiceProcessFixture service, String path, String version) {
    String run = service.requestRun(path, Map.of("version", version));
    service.await(run, event -> event.phase().equals("end"));
    assertEquals(
        Outcome.DONE,
        service.receipt(run).upgrade().outcome(),
        service.receipt(run).upgrade().reason());
  }

  private static void awaitKernel(ServiceProcessFixture service)
      throws IOException, InterruptedException {
    service.awaitCondition(
        "every route takes the kernel's path",
        () -> service.status().routes().stream().allMatch(route -> route.path().equals("kernel")));
  }

  private static Process start(NetworkNamespaceFixture far, int web, int udp) throws IOException {
    return new ProcessBuilder(
            far.inside(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                FarClient.class.getName(),
                host(far),
                Integer.toString(web),
                Integer.toString(udp)))
        .redirectErrorStream(true)
        .start();
  }

  /** The address at which that network reaches this host. */
  private static String host(NetworkNamespaceFixture far) {
    String here = far.address().substring(0, far.address().lastIndexOf('.') + 1);
    int last = Integer.parseInt(far.address().substring(here.length()));
    return here + (last - 1);
  }

  private static void say(Writer commands, String command) throws IOException {
    commands.write(command + "\n");
    commands.flush();
  }

  /** Reads what the client tells until so many lines match. */
  private void await(BufferedReader output, Predicate<String> wanted, int times) {
    try {
      for (int found = 0; found < times; ) {
        String line = output.readLine();
        if (line == null) {
          throw new AssertionError("the client has ended: " + lines);
        }
        lines.add(line);
        found += wanted.test(line) ? 1 : 0;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The addresses of the ledger's peers, as its own kernel has them. */
  private static String seenByService(Status status) throws IOException, InterruptedException {
    return inCapsule(
        status,
        "docker exec $(docker ps -q --filter label=com.docker.compose.service=ledger) cat"
            + " /proc/net/tcp");
  }

  private static String inCapsule(Status status, String command)
      throws IOException, InterruptedException {
    String container = Objects.requireNonNull(status.serving()).container();
    return run("docker", "exec", container, "sh", "-c", command);
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), text);
    return text;
  }

  /** An address as {@code /proc/net/tcp} shows it. */
  private static String hex(String address) {
    StringBuilder hex = new StringBuilder();
    for (String part : address.split("\\.", -1)) {
      hex.insert(0, HexFormat.of().withUpperCase().toHexDigits((byte) Integer.parseInt(part)));
    }
    return hex.toString();
  }
}
