package dev.orchestrator.upgrade;

import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.Settings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32;

/** Names and labels of what a generation has on the engine. */
public final class ResourceNames {
  /** Role of what is made to copy data, and to look at it. */
  public static final String COPY = "copy";

  public static final String LOOK = "look";

  private final String stack;
  private final String homeHash;

  public ResourceNames(Settings settings) {
    this.stack = settings.stack().name();
    this.homeHash = homeHash(settings.home());
  }

  /** Eight hex digits of the state folder's path: two services on one engine must not mix. */
  private static String homeHash(Path home) {
    CRC32 crc = new CRC32();
    crc.update(home.toAbsolutePath().normalize().toString().getBytes(StandardCharsets.UTF_8));
    return String.format("%08x", crc.getValue());
  }

  public String container(int generation) {
    return stack + "-" + homeHash.substring(0, 4) + "-g" + generation;
  }

  /** A data volume of a generation. */
  public String volume(int generation, String name) {
    return container(generation) + "-" + name;
  }

  public String store(int generation) {
    return container(generation) + "-store";
  }

  /** On everything of this stack and this service. */
  public Map<String, String> stackLabels() {
    return Map.of(Labels.OURS, "1", Labels.HOME, homeHash, Labels.STACK, stack);
  }

  public Map<String, String> generationLabels(Generation generation, String upgrade, String role) {
    Map<String, String> labels = Labels.with(stackLabels(), Labels.VERSION, generation.version());
    labels = Labels.with(labels, Labels.GENERATION, Integer.toString(generation.number()));
    labels = Labels.with(labels, Labels.UPGRADE, upgrade);
    return Labels.with(labels, Labels.ROLE, role);
  }

  /** On everything that a run has made. */
  Map<String, String> runLabels(String upgrade) {
    return Labels.with(stackLabels(), Labels.UPGRADE, upgrade);
  }

  /** Of a helper container of a run. */
  public Map<String, String> helperLabels(String upgrade, String role) {
    return Labels.with(Labels.with(stackLabels(), Labels.UPGRADE, upgrade), Labels.ROLE, role);
  }
}
