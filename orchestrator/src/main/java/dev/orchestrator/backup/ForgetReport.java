package dev.orchestrator.backup;

import java.util.List;

/** The ids of the backups that stay, and of those that were removed. */
public record ForgetReport(List<String> kept, List<String> removed) {
  public ForgetReport {
    kept = List.copyOf(kept);
    removed = List.copyOf(removed);
  }
}
