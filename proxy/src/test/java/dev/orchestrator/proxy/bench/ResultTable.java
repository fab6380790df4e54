package dev.orchestrator.proxy.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The table of results: a row for each measure and peer. */
final class ResultTable {
  /** A row; the ratio is that of our figure to the peer's. */
  record Row(
      String measure,
      double ours,
      double peer,
      String name,
      double ratio,
      String goal,
      boolean met) {}

  private final List<Row> all = new ArrayList<>();

  /**
   * Adds a row.
   *
   * @param goal such as {@code >= 1.0} or {@code <= 1.2}; empty for none
   * @param absolute the goal is for our own figure, not for the ratio
   */
  void add(
      String measure,
      double ours,
      double peer,
      String name,
      double ratio,
      String goal,
      boolean absolute) {
    boolean met = met(absolute ? ours : ratio, goal);
    all.add(new Row(measure, ours, peer, name, ratio, goal, met));
  }

  private static boolean met(double figure, String goal) {
    if (goal.isEmpty()) {
      return true;
    }
    double bound = Double.parseDouble(goal.replaceAll("[^0-9.]", ""));
    return goal.startsWith(">") ? figure >= bound : figure <= bound;
  }

  String table() {
    StringBuilder table = new StringBuilder();
    line(table, "measure", "ours", "peer", "peer's name", "ratio", "goal", "");
    for (Row row : all) {
      line(
          table,
          row.measure,
          number(row.ours),
          number(row.peer),
          row.name,
          Double.isFinite(row.ratio) ? String.format(Locale.ROOT, "%.2f", row.ratio) : "-",
          row.goal,
          row.goal.isEmpty() ? "" : row.met ? "met" : "MISSED");
    }
    return table.toString();
  }

  private static void line(StringBuilder table, String... cells) {
    table.append(
        String.format("%-52s %12s %12s  %-11s %6s  %-8s %s%n", (Object[]) cells).stripTrailing());
    table.append('\n');
  }

  static String number(double value) {
    return String.format(
        Locale.ROOT, value >= 1000 ? "%.0f" : value >= 10 ? "%.1f" : "%.3f", value);
  }

  String json() {
    return String.join(
        ",\n",
        all.stream()
            .map(row ->
                String.format(
                    Locale.ROOT,
                    "  {\"measure\": \"%s\", \"ours\": %.4f, \"peer\": %.4f,"
                        + " \"peerName\": \"%s\", \"ratio\": %s, \"goal\": \"%s\", \"met\": %b}",
                    row.measure,
                    row.ours,
                    row.peer,
                    row.name,
                    Double.isFinite(row.ratio)
                        ? String.format(Locale.ROOT, "%.4f", row.ratio)
                        : "null",
                    row.goal,
                    row.met))
            .toList());
  }
}
