package dev.orchestrator.capsule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code config/image/lib/addresses.sh}: which addresses a capsule gives its networks and services.
 */
class AddressesScriptTest {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES, JsonReadFeature.ALLOW_SINGLE_QUOTES)
          .build();
  private static final String PLACES =
      "s#=/run/capsule#=$PWD/run#; s#=/capsule/stack#=$PWD/stack#; s#=/usr/local/lib/capsule#=%s#"
          .formatted(Path.of("../config/image/lib").toAbsolutePath().normalize());
  private static final String POOL = "172.30.0.0/16";

  /** The inner engine's own network, which is always there. */
  private static final String BRIDGE =
      "{\"Name\": \"bridge\", \"Labels\": {}, \"IPAM\": {\"Config\": [{\"Subnet\":"
          + " \"172.30.0.0/24\"}]}}";

  private static final String HOST = "{\"Name\": \"host\", \"IPAM\": {\"Config\": null}}";

  @TempDir Path capsule;

  @BeforeEach
  void makeFolders() throws IOException {
    Files.createDirectories(capsule.resolve("run"));
    Files.createDirectories(capsule.resolve("stack"));
  }

  @Test
  void aServiceHasTheSameAddressWhateverElseTheStackHas() throws Exception {
    JsonNode before =
        filled("{db: {}, web: {networks: {default: {aliases: ['www']}}}}", "{default: {ipam: {}}}");
    assertEquals(
        "{\"subnet\":\"172.30.1.0/24\",\"ip_range\":\"172.30.1.128/25\",\"gateway\":\"172.30.1.1\"}",
        before.at("/networks/default/ipam/config/0").toString());
    assertEquals("www", before.at("/services/web/networks/default/aliases/0").asText());
    JsonNode after = filled("{web: {}, cache: {}, db: {}, mail: {}}", "{default: {}, back: {}}");
    assertEquals(address(before, "db", "default"), address(after, "db", "default"));
    assertEquals(address(before, "web", "default"), address(after, "web", "default"));
    assertNotEquals(address(after, "db", "default"), address(after, "web", "default"));
  }

  @Test
  void networksHaveSubnetsOfTheirOwn() throws Exception {
    JsonNode found =
        filled(
            "{db: {networks: {back: null}}, web: {networks: {back: null, front: null}}}",
            "{back: {internal: true, ipam: {}}, front: {ipam: {driver: 'default'}}}");
    String back = subnet(found, "back");
    String front = subnet(found, "front");
    assertNotEquals(back, front);
    for (String each : Set.of(back, front)) {
      assertTrue(each.matches("172\\.30\\.\\d+\\.0/24"), each);
      assertFalse(Set.of("172.30.0.0/24", "172.30.1.0/24").contains(each), each);
    }
    assertTrue(address(found, "web", "back").startsWith(back.replace("0/24", "")));
    assertTrue(address(found, "web", "front").startsWith(front.replace("0/24", "")));
    assertTrue(found.at("/networks/back/internal").asBoolean());
  }

  /** Two in one place would keep one of them from starting. */
  @Test
  void noTwoServicesHaveOneAddressAndNoneIsTheGatewaysOrOutsideTheLowerHalf() throws Exception {
    StringBuilder services = new StringBuilder("{");
    for (int i = 0; i < 120; i++) {
      services.append("s").append(i).append(": {}, ");
    }
    JsonNode found =
        filled(
            services + "fixed: {networks: {default: {ipv4_address: '172.30.1.5'}}}}",
            "{default: {}}");
    Set<String> addresses = new HashSet<>();
    for (JsonNode service : found.path("services")) {
      String address = service.at("/networks/default/ipv4_address").asText();
      int last = Integer.parseInt(address.substring(address.lastIndexOf('.') + 1));
      assertTrue(last >= 2 && last < 128, address);
      assertTrue(addresses.add(address), address);
    }
    assertEquals(121, addresses.size());
    assertTrue(addresses.contains("172.30.1.5"));
  }

  @Test
  void whatTheFileFixesStaysAndItsSubnetIsUsed() throws Exception {
    JsonNode found =
        filled(
            "{db: {networks: {back: {ipv4_address: '10.9.0.9'}}}, web: {networks: {back: null}}}",
            "{back: {ipam: {config: [{subnet: '10.9.0.0/26', gateway: '10.9.0.3'}, {subnet:"
                + " 'fd00::/64'}]}}}");
    assertEquals("10.9.0.9", address(found, "db", "back"));
    assertTrue(address(found, "web", "back").matches("10\\.9\\.0\\.([4-9]|[12]\\d|3[01])"));
    assertNotEquals("10.9.0.9", address(found, "web", "back"));
    assertEquals(
        "[{\"subnet\":\"fd00::/64\"},{\"subnet\":\"10.9.0.0/26\",\"gateway\":\"10.9.0.3\",\"ip_range\":\"10.9.0.32/27\"}]",
        found.at("/networks/back/ipam/config").toString());
  }

  @Test
  void whereNoHalfCanBeGivenAwayNothingIsChanged() throws Exception {
    for (String network :
        new String[] {
          "{ipam: {config: [{subnet: '10.9.0.0/24', ip_range: '10.9.0.128/25'}]}}",
          "{ipam: {config: [{subnet: '10.9.0.0/29'}]}}",
          "{driver: 'macvlan'}",
          "{ipam: {driver: 'dhcp'}}",
        }) {
      assertUnchanged("{db: {networks: {back: null}}}", "{back: " + network + "}");
    }
    assertUnchanged("{db: {}, many: {scale: 100}}", "{default: {}}");
    assertUnchanged("{db: {network_mode: 'host'}, none: {network_mode: 'service:db'}}", "{}");
  }

  private void assertUnchanged(String services, String networks) throws Exception {
    assertEquals(model(services, networks), filled(services, networks));
  }

  /** Their engine gives them addresses of the upper half, whenever they come. */
  @Test
  void replicasHaveNone() throws Exception {
    JsonNode found = filled("{db: {}, many: {deploy: {replicas: 3}}}", "{default: {}}");
    assertTrue(found.at("/services/many/networks").isMissingNode());
    assertFalse(address(found, "db", "default").isEmpty());
  }

  /**
   * Containers in it would have to be made anew, and could not get an address of another subnet.
   */
  @Test
  void aNetworkThatIsThereStaysAsItIs() throws Exception {
    String network =
        """
        , {"Name": "x_back", "Labels": {"com.docker.compose.network": "back"},
           "IPAM": {"Config": [{"Subnet": "172.21.7.0/24", "IPRange": %s, "Gateway": "172.21.7.1"}]}}
        """;
    JsonNode ours =
        filled(
            "{db: {networks: {back: null}}}",
            "{back: {}}",
            network.formatted("\"172.21.7.128/25\""),
            POOL);
    assertEquals("172.21.7.0/24", subnet(ours, "back"));
    assertTrue(address(ours, "db", "back").startsWith("172.21.7."));
    assertEquals(
        model("{db: {networks: {back: null}}}", "{back: {}}"),
        filled("{db: {networks: {back: null}}}", "{back: {}}", network.formatted("null"), POOL));
  }

  @Test
  void aSmallPoolIsForAsManyNetworksAsItHasRoomFor() throws Exception {
    JsonNode found =
        filled(
            "{db: {networks: {a: null, b: null, c: null, default: null}}}",
            "{a: {}, b: {}, c: {}, default: {}}",
            "",
            "172.30.0.0/22");
    Set<String> subnets = new HashSet<>();
    for (JsonNode network : found.path("networks")) {
      subnets.add(network.at("/ipam/config/0/subnet").asText());
    }
    assertEquals(Set.of("172.30.1.0/24", "172.30.2.0/24", "172.30.3.0/24", ""), subnets);
  }

  private static String subnet(JsonNode model, String network) {
    return model.at("/networks/%s/ipam/config/0/subnet".formatted(network)).asText();
  }

  private static String address(JsonNode model, String service, String network) {
    return model.at("/services/%s/networks/%s/ipv4_address".formatted(service, network)).asText();
  }

  private JsonNode filled(String services, String networks) throws Exception {
    return filled(services, networks, "", POOL);
  }

  private static JsonNode model(String services, String networks) throws IOException {
    return JSON.readTree("{services: %s, networks: %s}".formatted(services, networks));
  }

  /** The model that a capsule runs. */
  private JsonNode filled(String services, String networks, String there, String pool)
      throws Exception {
    Files.writeString(capsule.resolve("stack/compose.json"), model(services, networks).toString());
    Files.writeString(capsule.resolve("there"), "[%s, %s%s]".formatted(BRIDGE, HOST, there));
    Files.writeString(capsule.resolve("run/ready"), "{\"subnet\": \"%s\"}".formatted(pool));
    Files.deleteIfExists(capsule.resolve("run/compose.json"));
    return JSON.readTree(
        new ScriptRunner(capsule, PLACES, "")
            .run(
                """
                source addresses.sh
                api() { cat there; }
                write_compose
                cat run/compose.json
                """));
  }
}
