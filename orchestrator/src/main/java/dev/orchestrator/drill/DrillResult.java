package dev.orchestrator.drill;

/**
 * The result of a part of a drill.
 *
 * @param part name of the part, such as {@code upgrade} or {@code killed in hold}
 * @param passed whether one version serves as it should
 * @param awayMillis from the kill until the routes answered again; negative when nothing was killed
 * @param wholeMillis from the kill, or else from the beginning, until the run had ended and its
 *     version served; negative when it did not get there
 * @param text which version serves, or what is wrong
 */
public record DrillResult(
    String part, boolean passed, long awayMillis, long wholeMillis, String text) {

  static DrillResult failed(String part, String why) {
    return new DrillResult(part, false, -1, -1, why);
  }
}
