package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Judges a model's networks, which are the capsule's own in each version, and gives services the
 * same host name in every version. Changes the model that it is given.
 */
final class NetworkMapping {
  private static final int MAX_HOST_NAME = 63;

  private final ComposeFindings findings;
  private final List<Subnet> outside = new ArrayList<>();

  /**
   * Makes a mapping.
   *
   * @param outside subnets of the network that the capsule itself is in, such as {@code
   *     172.17.0.0/16}
   */
  NetworkMapping(ComposeFindings findings, List<String> outside) {
    this.findings = findings;
    outside.forEach(text -> Subnet.parse(text).ifPresent(this.outside::add));
  }

  private record Named(String network, Subnet subnet) {}

  void apply(ComposeModel model) {
    List<Named> before = new ArrayList<>();
    model.children("networks").forEach((name, network) -> network(name, network, before));
    model.services().forEach(this::service);
  }

  private void network(String name, ObjectNode network, List<Named> before) {
    String user = "network " + name;
    if (network.path("external").asBoolean()) {
      findings.refuse(
          user,
          "external",
          "a capsule has only the networks of its own stack, and can't see this one of the host:"
              + " remove 'external: true' (the network is then made in the capsule, for the"
              + " services of this file alone), and reach other stacks by an address of the host");
      return;
    }
    String driver = network.path("driver").asText("");
    if (!Set.of("", "default", "bridge").contains(driver)) {
      findings.refuse(
          user,
          "driver",
          "%s connects containers to networks of the host, which a capsule can't see: remove it, and write routes for the ports that clients need"
              .formatted(driver));
      return;
    }
    for (JsonNode config : network.at("/ipam/config")) {
      Subnet.parse(config.path("subnet").asText(""))
          .ifPresent(subnet -> {
            check(user, subnet, before);
            before.add(new Named(name, subnet));
          });
    }
  }

  private void check(String user, Subnet subnet, List<Named> before) {
    for (Subnet outer : outside) {
      if (subnet.overlaps(outer)) {
        findings.refuse(
            user,
            "ipam",
            "the subnet %s overlaps with %s, the network of the host that capsules are in: nobody could reach the services; write another subnet"
                .formatted(subnet, outer));
      }
    }
    for (Named other : before) {
      if (subnet.overlaps(other.subnet())) {
        findings.refuse(
            user,
            "ipam",
            "the subnet %s overlaps with %s of network %s: write another subnet"
                .formatted(subnet, other.subnet(), other.network()));
      }
    }
  }

  /** Programs that talk to the engine find their own container by the id in their host name. */
  private static boolean usesEngine(ObjectNode service) {
    for (JsonNode mount : service.path("volumes")) {
      if (mount.path("source").asText("").endsWith("/docker.sock")) {
        return true;
      }
    }
    return false;
  }

  private void service(String name, ObjectNode service) {
    String mode = service.path("network_mode").asText("");
    if (service.path("external_links").size() > 0) {
      findings.refuse(
          "service " + name,
          "external_links",
          "a capsule can't see containers of the host: remove it, and reach them by an address of"
              + " the host");
    }
    if (mode.startsWith("service:")
        || mode.startsWith("container:")
        || service.has("hostname")
        || service.path("uts").asText("").equals("host")
        || usesEngine(service)) {
      return;
    }
    if (Replicas.of(service) > 1) {
      findings.warn(
          "service "
              + name
              + ": its replicas' host names are new in each version: state that it keeps by host"
              + " name begins empty");
      return;
    }
    // The engine's choice is the container's id, and programs keep state by host name.
    String hostName = name.length() > MAX_HOST_NAME ? name.substring(0, MAX_HOST_NAME) : name;
    service.put("hostname", hostName);
    if (mode.equals("host")) {
      // The engine writes a container's own name into its /etc/hosts in other networks only.
      service.withArrayProperty("extra_hosts").add(hostName + "=127.0.0.1");
    }
  }
}
