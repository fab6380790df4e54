package dev.orchestrator.proxy.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The table, a line for each measure and peer, its cells separated by tabs: the measure, our
 * figure, the peer's, its name, the ratio of the two, the goal. {@code scripts/lib/bench-proxy}
 * prints it in the form that all benches have.
 */
final class ResultTable {
  private static final String NONE = "-";

  private final List<String> lines = new ArrayList<>();

  /**
   * Adds a line.
   *
   * @param goal such as {@code ratio >= 1.0} or {@code ours <= 5}; empty for none
   */
  void add(String measure, double ours, double peer, String name, double ratio, String goal) {
    lines.add(
        String.join(
            "\t",
            measure,
            number(ours),
            number(peer),
            name,
            number(ratio),
            goal.isEmpty() ? NONE : goal));
  }

  private static String number(double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%.4f", value) : NONE;
  }

  /** All of them, each ended by a line break. */
  String lines() {
    return String.join("", lines.stream().map(line -> line + "\n").toList());
  }
}
