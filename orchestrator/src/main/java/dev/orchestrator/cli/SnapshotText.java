package dev.orchestrator.cli;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.journal.SnapshotRecord.Proof;
import dev.orchestrator.report.SnapshotStatus;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What several commands print of a snapshot. */
final class SnapshotText {
  private static final Duration NEW = Duration.ofMinutes(1);

  private SnapshotText() {}

  /** A size, or a dash where it is not known. */
  static String size(long bytes) {
    return bytes < 0 ? "-" : HumanText.bytes(bytes);
  }

  /** How much of a snapshot others have too, with its age where it is not of now. */
  static String shared(SnapshotStatus snapshot, Instant now) {
    boolean old = snapshot.shared() >= 0 && snapshot.sizesAt().plus(NEW).isBefore(now);
    return size(snapshot.shared())
        + (old ? ", " + HumanText.time(snapshot.sizesAt(), now) + " ago" : "");
  }

  /** When it was proven, or that the last proof failed. */
  static String proven(@Nullable Instant proven, @Nullable Proof last) {
    if (last != null && !last.good()) {
      return "FAILED " + HumanText.when(last.at());
    }
    return proven == null ? "never" : HumanText.when(proven);
  }
}
