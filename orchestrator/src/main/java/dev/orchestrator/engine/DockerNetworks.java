package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Network;
import dev.orchestrator.engine.EngineException.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** The engine's networks. */
final class DockerNetworks {
  /**
   * Where isolated networks get their addresses from: of the range that RFC 2544 sets aside for
   * tests, which neither the engine nor a capsule takes networks from. Thus the networks inside a
   * capsule have the addresses that they have elsewhere.
   */
  private static final String SUBNET = "198.19.%d.0/28";

  private static final int SUBNETS = 256;

  private final EngineConnection connection;

  DockerNetworks(EngineConnection connection) {
    this.connection = connection;
  }

  private JsonNode all(String doing) {
    return connection
        .calls()
        .call(
            doing,
            TimedCalls.SHORT,
            () -> connection.raw().get(doing, "/v" + connection.api() + "/networks"));
  }

  private static List<String> subnetsOf(JsonNode network) {
    List<String> subnets = new ArrayList<>();
    network.at("/IPAM/Config").forEach(config -> subnets.add(config.path("Subnet").asText()));
    return subnets;
  }

  List<String> subnets(String name) {
    List<String> subnets = new ArrayList<>();
    for (JsonNode network : all("looking at network " + name)) {
      if (network.path("Name").asText().equals(name)) {
        subnets.addAll(subnetsOf(network));
      }
    }
    return List.copyOf(subnets);
  }

  List<String> list(Map<String, String> labels) {
    List<String> names = new ArrayList<>();
    for (JsonNode network : all("listing networks")) {
      if (hasLabels(network, labels)) {
        names.add(network.path("Name").asText());
      }
    }
    return List.copyOf(names);
  }

  private static boolean hasLabels(JsonNode network, Map<String, String> labels) {
    JsonNode found = network.path("Labels");
    return labels.entrySet().stream()
        .allMatch(label -> label.getValue().equals(found.path(label.getKey()).asText(null)));
  }

  void createIsolated(String name, Map<String, String> labels) {
    String doing = "creating network " + name;
    Set<String> taken = new HashSet<>();
    for (JsonNode network : all(doing)) {
      taken.addAll(subnetsOf(network));
      if (network.path("Name").asText().equals(name)) {
        if (hasLabels(network, labels) && network.path("Labels").size() == labels.size()) {
          return;
        }
        throw new EngineException(
            Kind.CONFLICT,
            "%s: a network of that name exists with other labels; it is not touched"
                .formatted(doing));
      }
    }
    String subnet =
        IntStream.range(0, SUBNETS)
            .mapToObj(SUBNET::formatted)
            .filter(each -> !taken.contains(each))
            .findFirst()
            .orElseThrow(() ->
                new EngineException(
                    Kind.CONFLICT,
                    "%s: all of 198.19.0.0/16 is taken by other networks".formatted(doing)));
    connection
        .calls()
        .run(
            doing,
            TimedCalls.SHORT,
            () ->
                connection
                    .client()
                    .createNetworkCmd()
                    .withName(name)
                    .withCheckDuplicate(true)
                    .withDriver("bridge")
                    .withInternal(true)
                    .withLabels(labels)
                    .withIpam(
                        new Network.Ipam()
                            .withConfig(List.of(new Network.Ipam.Config().withSubnet(subnet))))
                    .exec());
  }

  void remove(String name) {
    connection
        .calls()
        .run(
            "removing network " + name,
            TimedCalls.SHORT,
            () -> {
              try {
                connection.client().removeNetworkCmd(name).exec();
              } catch (NotFoundException _) {
                // It is gone already.
                return;
              }
            });
  }
}
