package dev.orchestrator.capsule;

import dev.orchestrator.common.OutputText;
import dev.orchestrator.settings.Invariant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a service has answered to the question of an invariant.
 *
 * @param name of the invariant
 * @param value a number, or the digest of a body as {@code sha256:…}; empty where there is a
 *     problem
 * @param problem why there is no value; else empty
 */
public record FigureAnswer(String name, String value, String problem) {
  private static final Pattern NUMBER = Pattern.compile("-?[0-9]{1,30}([.][0-9]{1,30})?");
  private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");
  private static final int MAX_PROBLEM = 200;

  public boolean isKnown() {
    return problem.isEmpty();
  }

  /** An answer that could not be had. */
  public static FigureAnswer unknown(Invariant invariant, String problem) {
    return new FigureAnswer(invariant.name(), "", OutputText.quote(problem, MAX_PROBLEM));
  }

  /**
   * The answer in what was printed: a number, a digest, or a body with the number in it. Nothing of
   * another text is quoted, as it may hold anything.
   */
  public static FigureAnswer parse(Invariant invariant, String printed) {
    String text = printed.strip();
    if (invariant.figure() instanceof Invariant.Http http) {
      Pattern number = http.number();
      if (number == null) {
        return DIGEST.matcher(text).matches()
            ? new FigureAnswer(invariant.name(), text, "")
            : unknown(invariant, "there is no digest of its body");
      }
      Matcher found = number.matcher(text);
      if (!found.find() || found.group(1) == null) {
        return unknown(invariant, "http.number is not found in its body");
      }
      text = found.group(1).strip();
    }
    return NUMBER.matcher(text).matches()
        ? new FigureAnswer(invariant.name(), text, "")
        : unknown(invariant, text.isEmpty() ? "it gives nothing" : "it does not give one number");
  }
}
