package dev.orchestrator.settings;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Everything that is wrong, so that a person mends it all at once. */
final class Problems {

  private final List<Problem> all = new ArrayList<>();
  private int told;

  void add(Problem problem) {
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
  void check() throws InvalidSettings {
    if (all.isEmpty()) {
      return;
    }
    List<String> files = all.stream().map(Problem::file).distinct().toList();
    throw new InvalidSettings(
        all.stream()
            .sorted(
                Comparator.comparingInt((Problem problem) -> files.indexOf(problem.file()))
                    .thenComparingInt(Problem::line))
            .map(Problem::shown)
            .collect(Collectors.joining("\n")));
  }
}
