package dev.orchestrator.capsule;

import java.util.List;

/**
 * What the start of a capsule's services has made of the release's files in the data, by the paths
 * of the compose file. Files that were seeded for the first time are left out.
 *
 * @param version of the release; empty where nothing was to be done
 * @param aside changed files that the release's took the place of; each is beside it, with {@code
 *     .orchestrator-old} at the end of its name
 * @param kept changed files that stayed, though the release has changed them too
 */
public record FilesReport(
    String version,
    List<String> added,
    List<String> changed,
    List<String> removed,
    List<String> aside,
    List<ChangedFile> kept) {
  /** Nothing was done. */
  public static final FilesReport NONE =
      new FilesReport("", List.of(), List.of(), List.of(), List.of(), List.of());

  public FilesReport {
    added = List.copyOf(added);
    changed = List.copyOf(changed);
    removed = List.copyOf(removed);
    aside = List.copyOf(aside);
    kept = List.copyOf(kept);
  }

  /** Whether a person has something to read. */
  public boolean isEmpty() {
    return added.isEmpty()
        && changed.isEmpty()
        && removed.isEmpty()
        && aside.isEmpty()
        && kept.isEmpty();
  }
}
