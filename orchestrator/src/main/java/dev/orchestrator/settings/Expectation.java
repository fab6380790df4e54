package dev.orchestrator.settings;

import java.math.BigDecimal;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a figure must be after an upgrade: {@code >= 0.99 * before}, {@code = before}, {@code <=
 * before + 10}, {@code > 0}.
 *
 * @param text as it was written
 * @param factor of the figure before; 0 where the expectation does not name it
 * @param offset added to that
 */
public record Expectation(String text, Relation relation, BigDecimal factor, BigDecimal offset) {

  /** That the figure is not smaller. */
  public static final Expectation NOT_LESS = parse(">= before");

  /** That the figure is the same. */
  public static final Expectation SAME = parse("= before");

  private static final String NUMBER = "[0-9]{1,18}(?:[.][0-9]{1,18})?";

  /** How two figures are compared. */
  public enum Relation {
    AT_LEAST(">="),
    MORE(">"),
    EQUAL("="),
    LESS("<"),
    AT_MOST("<=");

    private final String sign;

    Relation(String sign) {
      this.sign = sign;
    }
  }

  /**
   * Reads an expectation.
   *
   * @throws IllegalArgumentException when it is none, with what to write
   */
  public static Expectation parse(String text) {
    Matcher found =
        Pattern.compile(
                "(?<sign>>=|<=|==?|>|<)\\s*(?:(?:(?<factor>%1$s)\\s*\\*\\s*)?(?<before>before)(?:\\s*(?<plus>[+-])\\s*(?<offset>%1$s))?|(?<number>%1$s))"
                    .formatted(NUMBER))
            .matcher(text.strip());
    if (!found.matches()) {
      throw new IllegalArgumentException(
          "\"%s\" is not an expectation; write for example \">= 0.99 * before\", \"= before\", \">= before - 10\" or \"> 0\""
              .formatted(text));
    }
    String sign = found.group("sign").equals("==") ? "=" : found.group("sign");
    Relation relation = Relation.EQUAL;
    for (Relation each : Relation.values()) {
      if (each.sign.equals(sign)) {
        relation = each;
      }
    }
    if (found.group("before") == null) {
      return new Expectation(
          text.strip(), relation, BigDecimal.ZERO, new BigDecimal(found.group("number")));
    }
    BigDecimal factor =
        found.group("factor") == null ? BigDecimal.ONE : new BigDecimal(found.group("factor"));
    BigDecimal offset =
        found.group("offset") == null ? BigDecimal.ZERO : new BigDecimal(found.group("offset"));
    return new Expectation(
        text.strip(), relation, factor, "-".equals(found.group("plus")) ? offset.negate() : offset);
  }

  /** Whether the figure before is compared with. */
  public boolean isRelative() {
    return factor.signum() != 0;
  }

  /** Whether a figure that only grows goes on to fulfil it. */
  public boolean isLowerBound() {
    return relation == Relation.AT_LEAST || relation == Relation.MORE;
  }

  /** Whether it is fulfilled by what is the same as before, and by nothing else. */
  public boolean isSameness() {
    return relation == Relation.EQUAL
        && factor.compareTo(BigDecimal.ONE) == 0
        && offset.signum() == 0;
  }

  /**
   * Whether a number is as expected.
   *
   * @param before what it was: one number, or two between which it was at the moment that counts
   */
  public boolean holds(List<BigDecimal> before, BigDecimal after) {
    BigDecimal least = bound(before.stream().min(BigDecimal::compareTo).orElse(BigDecimal.ZERO));
    BigDecimal most = bound(before.stream().max(BigDecimal::compareTo).orElse(BigDecimal.ZERO));
    return switch (relation) {
      case AT_LEAST -> after.compareTo(least) >= 0;
      case MORE -> after.compareTo(least) > 0;
      case EQUAL -> after.compareTo(least) >= 0 && after.compareTo(most) <= 0;
      case LESS -> after.compareTo(most) < 0;
      case AT_MOST -> after.compareTo(most) <= 0;
    };
  }

  private BigDecimal bound(BigDecimal before) {
    return factor.multiply(before).add(offset);
  }

  @Override
  public String toString() {
    return text;
  }
}
