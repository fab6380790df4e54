package dev.orchestrator.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Prints a reason that lists several problems, which a journal keeps in one line: "version v2 of
 * stack shop: 3 problems: | … | …".
 */
final class ProblemList {
  private static final Pattern LIST =
      Pattern.compile("(?<head>.*?\\d+ problems:)(?<problems>( \\| .*)+)", Pattern.DOTALL);

  private ProblemList() {}

  /** What stands before the problems, where they are told elsewhere; another text as it is. */
  static String head(String text) {
    Matcher list = LIST.matcher(text);
    return list.matches() ? list.group("head") + " see below" : text;
  }

  /** One problem a line; another text as it is. */
  static String lines(String text) {
    Matcher list = LIST.matcher(text);
    return list.matches()
        ? list.group("head") + list.group("problems").replace(" | ", "\n  ")
        : text;
  }
}
