package dev.orchestrator.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

class MovingPageTest {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  /** The manifest of the page, as JSON. */
  private static JsonNode manifest() throws IOException {
    List<String> lines = Files.readAllLines(Page.ofManual("moving.md").file());
    int begin = lines.indexOf("```yaml");
    assertTrue(begin >= 0, "the page has a manifest");
    List<String> yaml = lines.subList(begin + 1, lines.size());
    return MAPPER.valueToTree(
        new Yaml(new SafeConstructor(new LoaderOptions()))
            .load(String.join("\n", yaml.subList(0, yaml.indexOf("```")))));
  }

  @Test
  void theManifestIsAPodAsTheSchemaHasIt() throws Exception {
    JsonNode manifest = manifest();
    Pod pod = MAPPER.treeToValue(manifest, Pod.class);
    // The model keeps what it does not know aside, and writes it last: nothing may be there.
    assertEquals(List.of(), unknown(pod));
    assertEquals("v1", pod.getApiVersion());
    assertEquals("Pod", pod.getKind());
    assertEquals(
        pod.getSpec().getVolumes().stream().map(volume -> volume.getName()).sorted().toList(),
        pod.getSpec().getContainers().getFirst().getVolumeMounts().stream()
            .map(mount -> mount.getName())
            .sorted()
            .toList());
  }

  private static List<String> unknown(Pod pod) {
    return List.of(
            pod.getAdditionalProperties(),
            pod.getMetadata().getAdditionalProperties(),
            pod.getSpec().getAdditionalProperties(),
            pod.getSpec().getContainers().getFirst().getAdditionalProperties(),
            pod.getSpec().getContainers().getFirst().getSecurityContext().getAdditionalProperties(),
            pod.getSpec()
                .getContainers()
                .getFirst()
                .getPorts()
                .getFirst()
                .getAdditionalProperties(),
            pod.getSpec().getVolumes().getFirst().getAdditionalProperties(),
            pod.getSpec()
                .getVolumes()
                .getFirst()
                .getPersistentVolumeClaim()
                .getAdditionalProperties())
        .stream()
        .flatMap(properties -> properties.keySet().stream())
        .toList();
  }
}
