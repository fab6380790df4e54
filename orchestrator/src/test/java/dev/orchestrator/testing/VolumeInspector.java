package dev.orchestrator.testing;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Inspects a volume of a test's stack independently of the orchestrator's own code. */
public final class VolumeInspector {
  private static final Duration SOON = Duration.ofMinutes(1);
  private static final Path SCRIPTS = Path.of("src/test/resources/tree").toAbsolutePath();
  private static final Map<String, String> LABELS = Labels.role("test");

  private final Engine engine;

  public VolumeInspector(Engine engine) {
    this.engine = engine;
  }

  /** Every entry with its content's digest, owner, mode, times and attributes, a line each. */
  public List<String> listEntries(String volume) {
    return runReading(volume, "perl /tree/list.pl /look").lines().toList();
  }

  /** The output of a script that sees the volume at /look, read-only. */
  public String runReading(String volume, String script) {
    return run(Mount.readOnly(volume, "/look"), script);
  }

  /** The output of a script that sees the volume at /look and may write to it. */
  public String runWriting(String volume, String script) {
    return run(Mount.of(volume, "/look"), script);
  }

  /**
   * The content of a file below /data, in a volume that may have layers; empty where there is none.
   */
  public String readFile(DataVolume volume, String path) {
    for (DataVolume.Layer layer : volume.layers()) {
      String at = "/look/" + layer.folder() + "/" + path;
      String text = runReading(layer.volume(), "test ! -e " + at + " || cat " + at);
      if (!text.isEmpty()) {
        return text;
      }
    }
    return "";
  }

  private String run(Mount mount, String script) {
    String name = "look-" + UUID.randomUUID().toString().substring(0, 8);
    String base =
        engine.images(Labels.role("base")).stream()
            .flatMap(image -> image.tags().stream())
            .findFirst()
            .orElseThrow();
    engine.createContainer(
        ContainerSpec.helper(
            name,
            base,
            List.of("sleep", "300"),
            LABELS,
            List.of(mount, Mount.readOnly(SCRIPTS.toString(), "/tree"))));
    try {
      engine.startContainer(name);
      ExecResult result = engine.exec(name, List.of("bash", "-euc", script), SOON);
      if (!result.ok()) {
        throw new AssertionError(script + ": " + result.stderr());
      }
      return result.stdout();
    } finally {
      engine.removeContainer(name);
    }
  }
}
