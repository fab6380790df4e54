package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Another host for stacks to move to: a private engine that is reached by ssh. And what tests of
 * moves ask of both hosts.
 */
public final class OtherHostFixture implements AutoCloseable {
  private static final Duration SOON = Duration.ofSeconds(30);

  /** Environment variable of a service: where its route listens. */
  public static final String ROUTE_PORT = "MOVE_ROUTE_PORT";

  private static final String SETTINGS =
      "upgrade { hold-budget = 30s, drain-budget = 500ms, bake = 1s,"
          + " verify { passes = 1, interval = 100ms, deadline = 15s } }";

  public final PrivateEngineFixture engine;
  public final SshHostFixture ssh;
  private final @Nullable NetworkNamespaceFixture network;

  /** Starts it, with a network of its own; the test is left out where this host can't have one. */
  public OtherHostFixture(Path folder) throws IOException {
    this(folder, true);
  }

  /** One on this host's network, so that a service of this host reaches the capsules there. */
  public static OtherHostFixture onThisNetwork(Path folder) throws IOException {
    return new OtherHostFixture(folder, false);
  }

  private OtherHostFixture(Path folder, boolean ownNetwork) throws IOException {
    assumeTrue(PrivateEngineFixture.isSupported(), "no dockerd here, or this isn't root");
    assumeTrue(SshHostFixture.isSupported(), "no sshd here");
    network = ownNetwork ? new NetworkNamespaceFixture() : null;
    engine = new PrivateEngineFixture(folder, 4L << 30, network, List.of());
    ssh = new SshHostFixture(Files.createDirectory(folder.resolve("ssh")), engine.host(), network);
  }

  /** A service of this host that has brought up the light stack. */
  public ServiceProcessFixture service(Path folder) throws Exception {
    LightStackFixture stack = LightStackFixture.in(folder, "move" + ProcessHandle.current().pid());
    ServiceProcessFixture service = new ServiceProcessFixture(stack, FreePorts.next(), SETTINGS);
    // Both hosts are this one, and a port is one service's.
    Path conf = stack.folder().resolve("stack.conf");
    Files.writeString(
        conf,
        Files.readString(conf)
            .replace(":%d\"".formatted(service.port), ":\"${" + ROUTE_PORT + "}"));
    service.setEnvironment(ROUTE_PORT, Integer.toString(service.port));
    service.setEnvironment("PATH", ssh.path());
    service.start();
    assertDone(end(service, service.requestRun("/v1/up", Map.of("version", "v1"))));
    return service;
  }

  public String move(ServiceProcessFixture service) {
    return service.requestRun("/v1/move", Map.of("to", ssh.address()));
  }

  public static Receipt end(ServiceProcessFixture service, String run) {
    assertTrue(service.await(run, event -> event.phase().equals("end")).isPresent());
    return service.receipt(run);
  }

  public static void assertDone(Receipt receipt) {
    assertEquals(
        Outcome.DONE,
        receipt.upgrade().outcome(),
        () -> receipt.upgrade().reason() + " " + receipt.steps());
  }

  public static void assertNoneLost(SubprocessLoad client) throws Exception {
    Set<Integer> acknowledged = client.acknowledged();
    acknowledged.removeAll(client.readNumbers());
    assertEquals(Set.of(), acknowledged, "acknowledged and lost");
  }

  /** Names of the capsules that run on this host. */
  public static List<String> runningHere(String stack) {
    return running("", stack);
  }

  /** Names of the capsules that run on the other host. */
  public List<String> running(ServiceProcessFixture service) {
    return running(engine.host(), service.status().stack());
  }

  /** Volumes and images of a stack on the other engine, by whatever orchestrator. */
  public List<String> leftOf(String stack) {
    List<String> names = new ArrayList<>();
    try (Engine asked = DockerEngine.connect(engine.host(), SOON)) {
      Map<String, String> labels = Map.of(Labels.STACK, stack);
      asked.volumes(labels).forEach(volume -> names.add(volume.name()));
      asked.images(labels).forEach(image -> names.addAll(image.tags()));
    }
    return names;
  }

  /** Everything that the other engine has, by name. */
  public List<String> contents() {
    List<String> names = new ArrayList<>();
    try (Engine asked = DockerEngine.connect(engine.host(), SOON)) {
      asked.containers(Map.of()).forEach(container -> names.add(container.name()));
      asked.volumes(Map.of()).forEach(volume -> names.add(volume.name()));
      asked.images(Map.of()).forEach(image -> names.add(image.id() + image.tags()));
    }
    return names.stream().sorted().toList();
  }

  private static List<String> running(String engine, String stack) {
    try (Engine asked = DockerEngine.connect(engine, SOON)) {
      return asked.containers(Map.of(Labels.OURS, "1", Labels.STACK, stack)).stream()
          .filter(ContainerInfo::running)
          .map(ContainerInfo::name)
          .toList();
    }
  }

  public static void printHold(String what, Receipt receipt) {
    Receipt.Traffic traffic = receipt.traffic();
    assertNotNull(traffic);
    System.out.printf(
        "%s: %d held, longest %d ms, %d refused; steps %s%n",
        what,
        traffic.held(),
        traffic.longestHoldMillis(),
        traffic.refused(),
        receipt.steps().stream().map(step -> step.step() + " " + step.millis() + " ms").toList());
  }

  @Override
  public void close() {
    try (NetworkNamespaceFixture _ = network;
        engine) {
      ssh.close();
    }
  }
}
