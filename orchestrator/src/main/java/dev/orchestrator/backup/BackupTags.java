package dev.orchestrator.backup;

import java.util.List;

/**
 * The tags of a backup, by which restic alone finds it: {@code restic snapshots --tag
 * orchestrator,stack=NAME}.
 *
 * @param version of the stack, such as {@code v2}
 * @param snapshot name of the snapshot that was backed up
 */
public record BackupTags(String stack, String version, String snapshot) {
  static final String OURS = "orchestrator";
  private static final String STACK = "stack=";
  private static final String VERSION = "version=";
  private static final String SNAPSHOT = "snapshot=";

  public BackupTags {
    for (String name : List.of(stack, version, snapshot)) {
      // A comma would make two tags of it, and restic strips spaces.
      if (name.isEmpty() || !name.matches("[^,\\s\\p{Cntrl}]+")) {
        throw new IllegalArgumentException(
            "\"%s\" can't be in a tag; write a name without commas and spaces".formatted(name));
      }
    }
  }

  /** What {@code restic backup --tag} takes. */
  String text() {
    return String.join(",", OURS, STACK + stack, VERSION + version, SNAPSHOT + snapshot);
  }

  /** What finds all backups of a stack. */
  static String filter(String stack) {
    return OURS + "," + STACK + stack;
  }

  /** The tags of a snapshot of restic; what it lacks is {@code ?}. */
  static BackupTags of(List<String> tags) {
    return new BackupTags(value(tags, STACK), value(tags, VERSION), value(tags, SNAPSHOT));
  }

  private static String value(List<String> tags, String prefix) {
    return tags.stream()
        .filter(tag -> tag.startsWith(prefix) && tag.length() > prefix.length())
        .map(tag -> tag.substring(prefix.length()).replaceAll("\\s", "_"))
        .findFirst()
        .orElse("?");
  }
}
