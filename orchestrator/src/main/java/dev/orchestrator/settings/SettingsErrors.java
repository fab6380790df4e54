package dev.orchestrator.settings;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Everything that is wrong, so that a person mends it all at once. */
final class SettingsErrors {

  private final List<SettingsError> all = new ArrayList<>();
  private int told;

  void add(SettingsError problem) {
    told++;
    // The defaults of an upgrade are read twice: for themselves, and below those of the stack.
    if (!all.contains(problem)) {
      all.add(problem);
    }
  }

  /** How many were told so far, those that were known already included. */
  int told() {
    return told;
  }

  /** Fails when there is any: a line each, file by file as they were read, first line first. */
  void check() throws InvalidSettingsException {
    if (all.isEmpty()) {
      return;
    }
    List<String> files = all.stream().map(SettingsError::file).distinct().toList();
    throw new InvalidSettingsException(
        all.stream()
            .sorted(
                Comparator.comparingInt((SettingsError problem) -> files.indexOf(problem.file()))
                    .thenComparingInt(SettingsError::line))
            .map(SettingsError::shown)
            .collect(Collectors.joining("\n")));
  }
}
