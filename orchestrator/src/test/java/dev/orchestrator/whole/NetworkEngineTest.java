package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.AutoRoutes;
import dev.orchestrator.settings.GrantSettings;
import dev.orchestrator.settings.GrantSettings.DockerSocket;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.upgrade.DataOptions;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a compose file says of networks, host names and replicas; on a real engine. */
@Tag("engine")
@Rotates(days = 3)
class NetworkEngineTest {
  private static final String NETWORKS =
      """
      networks:
        default:
        back:
          internal: true
          ipam: {config: [{subnet: 172.30.0.0/24}]}
        side:
          enable_ipv6: true
          ipam: {config: [{subnet: "fd00:9::/64"}]}
      """;

  /** In all three networks, of which one has a subnet of version 4, in both versions. */
  private static final String KEEPER =
      """
        keeper:
          build: ../../images/greeter
          volumes: ["./greeting.txt:/greeting.txt:ro"]
          networks: [default, back, side]
      """;

  private static final String LEDGER =
      """
          networks:
            default:
            back: {ipv4_address: 172.30.0.9, aliases: [store]}
          extra_hosts: ["host.docker.internal:host-gateway"]
      """;

  private static final String GREETER =
      """
          build: ../../images/greeter
          deploy: {replicas: 2}
          ports: ["7000:7000"]\
      """;

  /** Of the second version alone, and the first by its name. */
  private static final String LATE =
      """
        added:
          build: ../../images/greeter
          volumes: ["./greeting.txt:/greeting.txt:ro"]
          networks: [default, back, side]
      """;

  @TempDir Path directory;

  @Test
  void aStackWithReplicasAndFixedSubnetsUpgradesAndADeadRouteDoesNot() throws Exception {
    LightStackFixture stack = LightStackFixture.in(directory);
    for (String version : List.of("v1", "v2")) {
      // The subnet is the first that a capsule would take for its own networks.
      change(
          stack,
          version,
          compose ->
              compose
                      .replace("    mem_limit:", LEDGER + "    mem_limit:")
                      .replace("    build: ../../images/greeter", GREETER)
                      .replace(
                          "\nvolumes:\n",
                          (version.equals("v2") ? LATE : "") + KEEPER + "\nvolumes:\n")
                  + NETWORKS);
    }
    copy(
        stack,
        "v4",
        compose ->
            compose.replace("    deploy:", "    entrypoint: [sleep, infinity]\n    deploy:"));
    copy(stack, "v5", compose -> compose.replace("172.30.0.0/24", "172.17.9.0/24"));
    int port = FreePorts.next();
    try (LightServiceFixture light = new LightServiceFixture(stack, settings(port))) {
      assertDone(light.await(light.control().up("v1")));
      light.post("one");
      assertEquals("ledger", inside(light, 1, "exec", service(stack, "ledger", 1), "hostname"));
      assertEquals(
          "2", inside(light, 1, "ps", "-q", "--filter", "name=greeter").lines().count() + "");
      String subnet = light.engine().subnets("bridge").getFirst();
      String hosts = inside(light, 1, "exec", service(stack, "ledger", 1), "cat", "/etc/hosts");
      assertTrue(
          hosts.contains(subnet.replaceFirst("\\.0/.*", ".1") + "\thost.docker.internal"), hosts);

      inside(light, 1, "stop", "--time", "0", service(stack, "greeter", 1));
      for (int client = 1; client <= 6; client++) {
        assertTrue(greeting(port).startsWith("hello"), "client " + client);
      }
      inside(light, 1, "start", service(stack, "greeter", 1));

      String addresses = addresses(light, 1);
      assertEquals(7, addresses.lines().count(), addresses);
      String ledger = service(stack, "ledger", 1);
      String keeper = service(stack, "keeper", 1);
      inside(light, 1, "stop", "--time", "0", keeper, ledger);
      // Left to the engine, the first to start would have the first address.
      inside(light, 1, "start", ledger);
      inside(light, 1, "start", keeper);
      assertEquals(addresses, addresses(light, 1));
      assertDone(light.await(light.control().upgrade("v2")));
      assertEquals(addresses, addresses(light, 2));
      assertEquals("ledger v2\n", light.get("/"));
      assertEquals("ledger", inside(light, 2, "exec", service(stack, "ledger", 1), "hostname"));
      assertTrue(greeting(port).startsWith("hello"));

      Receipt dead = light.await(light.control().upgrade("v4"));
      assertEquals(Outcome.ROLLED_BACK, dead.upgrade().outcome());
      String reason = String.valueOf(dead.upgrade().reason());
      assertTrue(
          reason.contains(
              "route greet: clients can't reach port 7000 of service greeter: connection refused"),
          reason);
      assertEquals("ledger v2\n", light.get("/"));
      assertEquals("one\n", light.get("/lines"));

      RefusedException collides =
          assertThrows(RefusedException.class, () -> light.control().plan("v5", DataOptions.NONE));
      assertTrue(
          String.valueOf(collides.getMessage())
              .contains("network back: ipam: the subnet 172.17.9.0/24 overlaps with"),
          collides.getMessage());
    }
  }

  @Test
  void aServiceIsInTheHostsNetworkWhereStackConfGrantsIt() throws Exception {
    LightStackFixture stack = LightStackFixture.in(directory);
    for (String version : List.of("v1", "v2")) {
      change(
          stack,
          version,
          compose ->
              compose.replace(
                  "    build: ../../images/greeter",
                  "    build: ../../images/greeter\n    network_mode: host"));
    }
    copy(
        stack,
        "v4",
        compose ->
            compose.replace(
                "    network_mode:", "    entrypoint: [sleep, infinity]\n    network_mode:"));
    int port = FreePorts.next();
    GrantSettings hostNetwork =
        new GrantSettings(List.of(), DockerSocket.NONE, false, List.of(), List.of(), true, false);
    UnaryOperator<Settings> granted = LightStackFixture.changed(s -> s.withGrants(hostNetwork));
    try (LightServiceFixture light =
        new LightServiceFixture(stack, s -> granted.apply(settings(port).apply(s)))) {
      assertDone(light.await(light.control().up("v1")));
      assertEquals(
          Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString(),
          inside(light, 1, "exec", service(stack, "greeter", 1), "readlink", "/proc/self/ns/net"));
      assertEquals(greeting(7000), greeting(port), "the port of the host, and the route");

      assertDone(light.await(light.control().upgrade("v2")));
      assertEquals(greeting(7000), greeting(port));

      Receipt dead = light.await(light.control().upgrade("v4"));
      assertEquals(Outcome.ROLLED_BACK, dead.upgrade().outcome());
      String reason = String.valueOf(dead.upgrade().reason());
      assertTrue(
          reason.contains("route greet: clients can't reach port 7000 of service greeter"), reason);
      assertTrue(greeting(port).startsWith("hello"));
    }
  }

  @Test
  void theRoutesAreThoseOfTheComposeFile() throws Exception {
    LightStackFixture stack = LightStackFixture.in(directory);
    int port = FreePorts.next();
    change(stack, "v1", compose -> compose.replace("8080:80", "127.0.0.1:%d:80".formatted(port)));
    UnaryOperator<Settings> auto =
        LightStackFixture.changed(s ->
            new StackSettings(
                s.name(), s.folder(), new AutoRoutes(), s.probes(), s.upgrade(), s.data()));
    try (LightServiceFixture light = new LightServiceFixture(stack, auto)) {
      assertDone(light.await(light.control().up("v1")));
      URI address = URI.create("http://127.0.0.1:" + port);
      assertEquals("ledger v1\n", get(address));
      light.restart();
      assertEquals("ledger v1\n", get(address), "without a build, from the journal");
      assertTrue(
          light.control().plan("v2", DataOptions.NONE).toString().contains("0.0.0.0:8080"),
          "v2 publishes another port");
    }
  }

  private static String get(URI address) throws IOException {
    try (InputStream in = address.toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static void assertDone(Receipt receipt) {
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
  }

  /** Only the route leads to the greeter: no probe looks at its port. */
  private static UnaryOperator<Settings> settings(int port) {
    return LightStackFixture.changed(s -> {
      UpgradeSettings all = s.upgrade();
      UpgradeSettings limits =
          new UpgradeSettings(
              all.build(),
              all.ready(),
              all.preSync(),
              all.hold(),
              all.drain(),
              all.bake(),
              new VerifySettings(2, Duration.ofMillis(250), Duration.ofSeconds(8)),
              all.keep());
      return new StackSettings(
          s.name(),
          s.folder(),
          List.of(
              s.routes().getFirst(),
              new RouteSettings("greet", "127.0.0.1", port, LightStackFixture.GREETER, 7000)),
          s.probes().stream().filter(probe -> !probe.name().equals("greeter")).toList(),
          limits,
          s.data());
    });
  }

  private static String greeting(int port) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String service(LightStackFixture stack, String service, int replica) {
    return stack.name() + "-" + service + "-" + replica;
  }

  /** The addresses of the services that both versions have one container of. */
  private static String addresses(LightServiceFixture light, int generation) {
    return inside(
            light,
            generation,
            "ps",
            "--filter",
            "name=ledger",
            "--filter",
            "name=keeper",
            "--format",
            "{{.ID}}")
        .lines()
        .map(id ->
            inside(
                light,
                generation,
                "inspect",
                "--format",
                "{{.Name}}{{range $name, $network := .NetworkSettings.Networks}}\n{{$name}}"
                    + " {{$network.IPAddress}}{{end}}",
                id))
        .sorted()
        .collect(Collectors.joining("\n"));
  }

  /** What a docker command in a capsule prints. */
  private static String inside(LightServiceFixture light, int generation, String... command) {
    ExecResult result =
        light
            .engine()
            .exec(
                light.container(generation),
                Stream.concat(
                        Stream.of("env", "DOCKER_HOST=unix:///run/docker.sock", "docker"),
                        Stream.of(command))
                    .toList(),
                Duration.ofSeconds(30));
    assertTrue(result.ok(), result.stderr());
    return result.stdout().strip();
  }

  private static void change(LightStackFixture stack, String version, UnaryOperator<String> change)
      throws IOException {
    Path file = stack.folder().resolve("releases").resolve(version).resolve("compose.yaml");
    String before = Files.readString(file);
    String after = change.apply(before);
    Files.writeString(file, after);
  }

  /** A version that is v2 but for a change of its compose file. */
  private static void copy(LightStackFixture stack, String version, UnaryOperator<String> change)
      throws IOException {
    Path from = stack.folder().resolve("releases/v2");
    Path to = stack.folder().resolve("releases").resolve(version);
    Files.createDirectories(to);
    for (String file : List.of("compose.yaml", ".env", "greeting.txt")) {
      Files.copy(from.resolve(file), to.resolve(file));
    }
    change(stack, version, change);
  }
}
