package dev.orchestrator.journal;

import java.time.Instant;
import java.util.List;
import java.util.Locale;

/**
 * Whether one can go back from a version, as its last rehearsal has found: the old version was
 * started on the data as the new one had left it.
 *
 * @param version name of the version
 * @param content digest of its content
 * @param run that the rehearsal was part of
 * @param fromVersion the version that was started on its data
 * @param fromContent digest of that one's content
 * @param at when that was
 * @param reason why the old version was not good on that data; empty where it was
 * @param changes what the new version has changed in databases, a line each
 * @param conclusive whether the old version can't have failed for what a rehearsal lacks
 */
public record ReversalRecord(
    String version,
    String content,
    String run,
    String fromVersion,
    String fromContent,
    Instant at,
    Label label,
    String reason,
    List<String> changes,
    boolean conclusive) {

  /** What remains possible after an upgrade. */
  public enum Label {
    /** The old version works on the data of the new one. */
    REVERSIBLE,
    /** It does not, and gets its own data as of the switch back. */
    SNAPSHOT_ONLY,
    /** It does not, and not all of its data is kept as of the switch. */
    ONE_WAY;

    /** As it is printed: {@code snapshot only}. */
    public String text() {
      return this == ONE_WAY ? "one-way" : name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  public ReversalRecord {
    changes = List.copyOf(changes);
  }

  /** Whether the old version is known not to work on the data of the new one. */
  public boolean fails() {
    return label != Label.REVERSIBLE;
  }

  /** One line: {@code v2 is snapshot only: v1 is not healthy on its data (…)}. */
  public String line() {
    return fails()
        ? "%s is %s: %s does not work on its data (%s)"
            .formatted(version, label.text(), fromVersion, reason)
        : "%s is %s: %s is healthy on its data".formatted(version, label.text(), fromVersion);
  }
}
