package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.ChangedFile;
import dev.orchestrator.capsule.FilesReport;
import dev.orchestrator.settings.FileSettings.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What becomes of the release's files in the data at an upgrade, by the paths of the compose file.
 *
 * @param version of the new release
 * @param added files that the new release has and the data hasn't
 * @param changed files that nobody changed since they were seeded, and the new release did
 * @param removed files that nobody changed, and the new release has no more
 * @param aside changed files that the new release's take the place of
 * @param kept changed files that stay though the new release has changed them too
 * @param asked those of {@code kept} for which the settings want an answer
 * @param known {@code PATH=VALUE} of what earlier releases had, where the data has no record; empty
 *     where it has
 */
public record FilePlan(
    String version,
    List<String> added,
    List<String> changed,
    List<String> removed,
    List<String> aside,
    List<ChangedFile> kept,
    List<String> asked,
    List<String> known) {
  /** Names in a line; nobody reads more. */
  private static final int MAX_NAMES = 8;

  public FilePlan {
    added = List.copyOf(added);
    changed = List.copyOf(changed);
    removed = List.copyOf(removed);
    aside = List.copyOf(aside);
    kept = List.copyOf(kept);
    asked = List.copyOf(asked);
    known = List.copyOf(known);
  }

  /** No service writes to a file of the release. */
  static FilePlan none(String version) {
    return new FilePlan(
        version, List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of());
  }

  /** Whether nothing becomes of any. */
  public boolean isEmpty() {
    return equals(none(version));
  }

  /** What becomes of them, in a line; empty where nothing does. */
  public String summary() {
    return summary(version, added, changed, removed, aside, kept);
  }

  /** What a start of services has made of them, in a line; empty where nothing. */
  public static String summary(FilesReport report) {
    return summary(
        report.version(),
        report.added(),
        report.changed(),
        report.removed(),
        report.aside(),
        report.kept());
  }

  private static String summary(
      String version,
      List<String> added,
      List<String> changed,
      List<String> removed,
      List<String> aside,
      List<ChangedFile> kept) {
    List<String> parts = new ArrayList<>();
    add(parts, "%s new", added);
    add(parts, version + "'s: %s", changed);
    add(parts, "%s removed", removed);
    add(parts, version + "'s, the changed one set aside as *.orchestrator-old: %s", aside);
    add(parts, "kept as changed: %s", kept.stream().map(ChangedFile::path).toList());
    return parts.isEmpty() ? "" : "files of the release: " + String.join("; ", parts);
  }

  private static void add(List<String> parts, String form, List<String> paths) {
    if (!paths.isEmpty()) {
      parts.add(form.formatted(names(paths)));
    }
  }

  /** Paths in a line: the first few, and how many more. */
  public static String names(List<String> paths) {
    String names = paths.stream().limit(MAX_NAMES).collect(Collectors.joining(", "));
    return paths.size() > MAX_NAMES
        ? names + " and %d more".formatted(paths.size() - MAX_NAMES)
        : names;
  }

  /**
   * A changed file that is kept, for a person: what was changed, what to do, the difference.
   *
   * @return several lines
   */
  public static String describe(ChangedFile file) {
    String head =
        "%s is kept (%s): bring what the release has changed into it, or upgrade with --files release"
            .formatted(file.path(), file.why());
    return file.diff().isEmpty() ? head : head + "\n" + file.diff().stripTrailing().indent(4);
  }

  /** The refusal of an upgrade that needs an answer. */
  String question() {
    return "%s: changed here and in %s, and data.files says ask: upgrade with --files release (the changed ones are set aside) or with --files keep"
        .formatted(names(asked), version);
  }

  /** Whether a policy leaves the decision to {@code upgrade --files}. */
  static boolean open(Policy policy) {
    return policy == Policy.AUTO || policy == Policy.ASK;
  }
}
