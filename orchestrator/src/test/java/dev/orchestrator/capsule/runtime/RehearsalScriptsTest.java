package dev.orchestrator.capsule.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.orchestrator.capsule.MemoryUse;
import dev.orchestrator.common.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts {@code leave-out} and {@code memory}, which a rehearsal runs in a capsule. */
class RehearsalScriptsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  private record Ended(int code, String said) {}

  private Ended run(String script, String... arguments) throws IOException, InterruptedException {
    String text;
    try (InputStream in = ContainerCapsule.class.getResourceAsStream(script)) {
      text = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
    List<String> command = new ArrayList<>(List.of("timeout", "30", "bash", "-c", text, script));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder
        .environment()
        .putAll(
            Map.of(
                "STACK_FOLDER",
                folder.toString(),
                "CGROUP_ROOT",
                folder.toString(),
                "MEMINFO",
                folder.resolve("meminfo").toString()));
    Process bash = builder.start();
    String said = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    return new Ended(bash.waitFor(), said);
  }

  private void compose(String services) throws IOException {
    Files.writeString(folder.resolve("compose.json"), "{\"services\": {" + services + "}}");
  }

  @Test
  void aServiceThatIsLeftOutIsWaitedForByNobody() throws Exception {
    compose(
        """
        "db": {"image": "db"},
        "mail": {"image": "mail", "depends_on": {"db": {"condition": "service_healthy"}}},
        "web": {"image": "web", "links": ["mail:smtp", "db"],
          "depends_on": {"db": {"condition": "service_healthy"}, "mail": {"condition": "service_started"}}}
        """);
    assertEquals(new Ended(0, ""), run("leave-out", "mail", "absent"));
    JsonNode services =
        JSON.readTree(Files.readString(folder.resolve("compose.json"))).path("services");
    assertEquals(2, services.size(), services.toString());
    assertEquals("{\"image\":\"db\"}", services.path("db").toString());
    assertEquals("[\"db\"]", services.at("/web/links").toString());
    assertEquals(1, services.at("/web/depends_on").size(), services.toString());
  }

  @Test
  void aServiceInTheNetworkOfOneThatIsLeftOutIsNamed() throws Exception {
    compose(
        """
        "vpn": {"image": "vpn"}, "torrent": {"image": "torrent", "network_mode": "service:vpn"}
        """);
    String before = Files.readString(folder.resolve("compose.json"));
    assertEquals(
        new Ended(
            1,
            "torrent uses the network or the volumes of vpn, which is left out: leave out torrent,"
                + " too"),
        run("leave-out", "vpn"));
    assertEquals(before, Files.readString(folder.resolve("compose.json")), "nothing was changed");
    assertEquals(new Ended(0, ""), run("leave-out", "vpn", "torrent"));
    compose("\"data\": {}, \"web\": {\"volumes_from\": [\"data:ro\"]}");
    assertEquals(1, run("leave-out", "data").code());
  }

  @Test
  void memoryIsCountedWithoutFilesThatTheKernelMayDrop() throws Exception {
    Files.writeString(folder.resolve("meminfo"), "MemFree: 5 kB\nMemAvailable:    1000 kB\n");
    assertEquals(1, run("memory").code(), "no kernel that counts");
    Files.createDirectories(folder.resolve("memory"));
    Files.writeString(folder.resolve("memory/memory.usage_in_bytes"), "900\n");
    Files.writeString(folder.resolve("memory/memory.max_usage_in_bytes"), "950\n");
    Files.writeString(
        folder.resolve("memory/memory.stat"), "inactive_file 1\ntotal_inactive_file 300\n");
    assertEquals(new MemoryUse(600, 950, 1024000), memory());
    Files.writeString(folder.resolve("memory.current"), "500\n");
    Files.writeString(folder.resolve("memory.stat"), "anon 3\ninactive_file 200\n");
    assertEquals(new MemoryUse(300, 0, 1024000), memory(), "an older kernel knows no peak");
    Files.writeString(folder.resolve("memory.peak"), "700\n");
    assertEquals(new MemoryUse(300, 700, 1024000), memory());
  }

  private MemoryUse memory() throws Exception {
    return Json.read(run("memory").said(), MemoryUse.class);
  }
}
