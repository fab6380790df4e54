package dev.orchestrator.report;

/**
 * A version of {@code releases/}, as {@code orchestrator versions} shows it.
 *
 * @param state {@code serving}, {@code kept}, {@code available} or {@code quarantined}
 * @param sorting where the version is sorted when that isn't plain from its numbers, such as {@code
 *     revision: after 1.2.3}; else empty
 * @param note why the version is or was quarantined, or empty
 */
public record VersionStatus(String version, String state, String note, String sorting) {}
