package dev.orchestrator.journal;

import java.util.List;

/**
 * What a run has found of an invariant.
 *
 * @param name of the invariant
 * @param service that was asked
 * @param expect how the figure after must be
 * @param step {@code rehearse}, {@code verify} or {@code bake}
 * @param before the figure of the version that served; two where it was between them at the moment
 *     of the copy; none where it was left out
 * @param after the figure of the new version; empty where it could not be had
 * @param good whether it is as expected, or was left out
 * @param problem why there is no figure; else empty
 */
public record InvariantRecord(
    String name,
    String service,
    String expect,
    String step,
    List<String> before,
    String after,
    boolean good,
    String problem) {
  private static final int SHORT_DIGEST = "sha256:".length() + 12;

  public InvariantRecord {
    before = List.copyOf(before);
  }

  /** One line: {@code books (db): 1204 before, 12 after, expected >= 0.99 * before}. */
  public String line() {
    String figures =
        problem.isEmpty()
            ? "%s before, %s after".formatted(figures(), shortened(after))
            : before.isEmpty() ? problem : "%s before, then %s".formatted(figures(), problem);
    return "%s (%s): %s, expected %s".formatted(name, service, figures, expect);
  }

  private String figures() {
    List<String> all = before.stream().map(InvariantRecord::shortened).distinct().toList();
    return String.join(" to ", all);
  }

  private static String shortened(String figure) {
    return figure.startsWith("sha256:") && figure.length() > SHORT_DIGEST
        ? figure.substring(0, SHORT_DIGEST)
        : figure;
  }
}
