package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerDetails.MountPoint;
import dev.orchestrator.engine.ContainerDetails.Port;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A container as Compose makes it, for tests. */
final class ContainerFixture {
  private final Map<String, String> labels = new TreeMap<>();
  private final List<String> env = new ArrayList<>();
  private final List<MountPoint> mounts = new ArrayList<>();
  private final List<Port> ports = new ArrayList<>();
  private List<String> command = List.of();
  private String state = "running";
  private String image = "nginx:1";
  private String health = "";
  private String raw = "{}";
  private final String name;

  private ContainerFixture(String project, String service, int number) {
    this.name = "%s-%s-%d".formatted(project, service, number);
    labels.put(ComposeLabels.PROJECT, project);
    labels.put(ComposeLabels.SERVICE, service);
    labels.put(ComposeLabels.NUMBER, String.valueOf(number));
    labels.put(ComposeLabels.ONE_OFF, "False");
  }

  static ContainerFixture of(String project, String service) {
    return new ContainerFixture(project, service, 1);
  }

  static ContainerFixture of(String project, String service, int number) {
    return new ContainerFixture(project, service, number);
  }

  ContainerFixture label(String key, String value) {
    labels.put(key, value);
    return this;
  }

  ContainerFixture env(String line) {
    env.add(line);
    return this;
  }

  ContainerFixture image(String reference) {
    image = reference;
    return this;
  }

  ContainerFixture state(String word) {
    state = word;
    return this;
  }

  ContainerFixture health(String word) {
    health = word;
    return this;
  }

  ContainerFixture command(String... words) {
    command = List.of(words);
    return this;
  }

  ContainerFixture raw(String json) {
    raw = json;
    return this;
  }

  ContainerFixture volume(String volume, String target) {
    mounts.add(new MountPoint("volume", volume, target, false));
    return this;
  }

  ContainerFixture bind(String source, String target, boolean readOnly) {
    mounts.add(new MountPoint("bind", source, target, readOnly));
    return this;
  }

  ContainerFixture port(int hostPort, int containerPort) {
    ports.add(new Port("0.0.0.0", hostPort, containerPort, "tcp"));
    return this;
  }

  ContainerDetails make() {
    JsonNode answer = Json.tree(raw);
    return new ContainerDetails(
        "%064x".formatted(name.hashCode() & 0xffffffffL),
        name,
        image,
        "sha256:" + "0".repeat(64),
        state,
        labels,
        env,
        List.of(),
        command,
        mounts,
        ports,
        List.of("shop_default"),
        "shop_default",
        "unless-stopped",
        health,
        Duration.ZERO,
        answer);
  }
}
