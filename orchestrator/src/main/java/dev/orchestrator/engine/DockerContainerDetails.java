package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.engine.ContainerDetails.MountPoint;
import dev.orchestrator.engine.ContainerDetails.Port;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads the engine's answer to the question for one container. */
final class DockerContainerDetails {
  private DockerContainerDetails() {}

  static ContainerDetails of(JsonNode found) {
    JsonNode config = found.path("Config");
    JsonNode host = found.path("HostConfig");
    String name = found.path("Name").asText();
    Map<String, String> labels = new TreeMap<>();
    config
        .path("Labels")
        .properties()
        .forEach(label -> labels.put(label.getKey(), label.getValue().asText("")));
    List<String> networks = new ArrayList<>();
    found.at("/NetworkSettings/Networks").fieldNames().forEachRemaining(networks::add);
    return new ContainerDetails(
        found.path("Id").asText(),
        name.substring(name.lastIndexOf('/') + 1),
        config.path("Image").asText(""),
        found.path("Image").asText(""),
        found.at("/State/Status").asText(""),
        labels,
        texts(config.path("Env")),
        texts(config.path("Entrypoint")),
        texts(config.path("Cmd")),
        mounts(found.path("Mounts")),
        ports(found),
        networks,
        host.path("NetworkMode").asText(""),
        restart(host.path("RestartPolicy")),
        found.at("/State/Health/Status").asText("").replaceFirst("^none$", ""),
        Duration.ofSeconds(config.path("StopTimeout").asInt(0)),
        found);
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(item -> texts.add(item.asText()));
    return texts;
  }

  private static List<MountPoint> mounts(JsonNode list) {
    List<MountPoint> mounts = new ArrayList<>();
    for (JsonNode mount : list) {
      String type = mount.path("Type").asText("");
      mounts.add(
          new MountPoint(
              type,
              mount.path(type.equals("volume") ? "Name" : "Source").asText(""),
              mount.path("Destination").asText(""),
              !mount.path("RW").asBoolean(true)));
    }
    return mounts;
  }

  /** Those that lead to it now, or, where it does not run, those that it was created with. */
  private static List<Port> ports(JsonNode found) {
    JsonNode bound = found.at("/NetworkSettings/Ports");
    List<Port> ports = new ArrayList<>();
    JsonNode all = bound.isEmpty() ? found.at("/HostConfig/PortBindings") : bound;
    for (Map.Entry<String, JsonNode> port : all.properties()) {
      String[] target = port.getKey().split("/", 2);
      for (JsonNode binding : port.getValue()) {
        String address = binding.path("HostIp").asText("");
        ports.add(
            new Port(
                address.isEmpty() ? "0.0.0.0" : address,
                binding.path("HostPort").asInt(0),
                Integer.parseInt(target[0]),
                target.length > 1 ? target[1] : "tcp"));
      }
    }
    return ports;
  }

  private static String restart(JsonNode policy) {
    String name = policy.path("Name").asText("");
    int most = policy.path("MaximumRetryCount").asInt(0);
    return name.isEmpty() ? "no" : most > 0 ? name + ":" + most : name;
  }
}
