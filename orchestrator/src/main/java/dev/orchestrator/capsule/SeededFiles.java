package dev.orchestrator.capsule;

import java.util.Map;

/**
 * The release's files in a capsule's data. Values are {@code file:SHA256}, {@code link:TARGET},
 * {@code folder} or {@code other}, by path in the capsule.
 *
 * @param found what is there, of the paths that were asked for, that are recorded or that the
 *     capsule's own release has
 * @param released what the capsule's own release has
 * @param records what was seeded last, by volume ({@code /data}, {@code /data/extra/NAME}); a
 *     volume without a record is left out
 */
public record SeededFiles(
    Map<String, String> found,
    Map<String, String> released,
    Map<String, Map<String, String>> records) {
  /** Nothing is known. */
  public static final SeededFiles NONE = new SeededFiles(Map.of(), Map.of(), Map.of());

  public SeededFiles {
    found = Map.copyOf(found);
    released = Map.copyOf(released);
    records = Map.copyOf(records);
  }
}
