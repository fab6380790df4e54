package dev.orchestrator.settings;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Collects the errors of all files, so that a person can correct them at once. */
final class SettingsErrors {

  private final List<SettingsError> all = new ArrayList<>();
  private int count;

  void add(SettingsError error) {
    count++;
    // The sections of orchestrator.conf are read twice: for their own errors, and as the defaults
    // of
    // the stack's.
    if (!all.contains(error)) {
      all.add(error);
    }
  }

  /** How many errors were added so far, including those that were known already. */
  int count() {
    return count;
  }

  /** Throws when there are errors: a line for each, in the order of the files and their lines. */
  void throwIfAny() throws InvalidSettingsException {
    if (all.isEmpty()) {
      return;
    }
    List<String> files = all.stream().map(SettingsError::file).distinct().toList();
    throw new InvalidSettingsException(
        all.stream()
            .sorted(
                Comparator.comparingInt((SettingsError error) -> files.indexOf(error.file()))
                    .thenComparingInt(SettingsError::line))
            .map(SettingsError::format)
            .collect(Collectors.joining("\n")));
  }
}
