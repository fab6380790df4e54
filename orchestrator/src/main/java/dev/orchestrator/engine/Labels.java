package dev.orchestrator.engine;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * The labels of everything that the orchestrator creates. Containers, volumes and images without
 * {@link #OURS} are never touched.
 */
public final class Labels {
  /** On everything that the orchestrator creates, with the value {@code 1}. */
  public static final String OURS = "dev.orchestrator";

  /** The id of the state folder, so that two services on one engine keep apart. */
  public static final String HOME = "dev.orchestrator.home";

  public static final String STACK = "dev.orchestrator.stack";
  public static final String VERSION = "dev.orchestrator.version";
  public static final String UPGRADE = "dev.orchestrator.upgrade";
  public static final String GENERATION = "dev.orchestrator.generation";

  /** What it is for: base, capsule, data, store, pack, copy … */
  public static final String ROLE = "dev.orchestrator.role";

  /** On an image: the digest of what it was built from. */
  public static final String CONTENT = "dev.orchestrator.content";

  private Labels() {}

  /**
   * The value of {@link #HOME} for a state folder: eight hex digits of its path, which keep two
   * services on one engine apart.
   */
  public static String home(Path folder) {
    CRC32 crc = new CRC32();
    crc.update(folder.toAbsolutePath().normalize().toString().getBytes(StandardCharsets.UTF_8));
    return String.format("%08x", crc.getValue());
  }

  /** {@link #OURS} and a role. */
  public static Map<String, String> role(String role) {
    return Map.of(OURS, "1", ROLE, role);
  }

  /** A copy of {@code labels} with one label added or replaced. */
  public static Map<String, String> with(Map<String, String> labels, String key, String value) {
    Map<String, String> all = new TreeMap<>(labels);
    all.put(key, value);
    return Map.copyOf(all);
  }
}
