package dev.orchestrator.drill;

import dev.orchestrator.common.HumanText;

/**
 * A line of a drill's table.
 *
 * @param away milliseconds from the kill until the routes answered again; negative for not killed
 * @param whole milliseconds from the kill, or from the beginning, until the run had ended and its
 *     version served
 * @param text what came of it, or what was wrong
 */
public record DrillResult(String what, boolean passed, long away, long whole, String text) {
  private static final String FORM = "%-6s   %-22s   %9s   %9s   %s";

  public static String heading() {
    return FORM.formatted("RESULT", "WHAT", "AWAY", "WHOLE", "THEN");
  }

  static DrillResult failed(String what, String why) {
    return new DrillResult(what, false, -1, -1, why);
  }

  public String line() {
    return FORM.formatted(passed ? "passed" : "FAILED", what, time(away), time(whole), text);
  }

  private static String time(long millis) {
    return millis < 0 ? "-" : HumanText.time(millis);
  }
}
