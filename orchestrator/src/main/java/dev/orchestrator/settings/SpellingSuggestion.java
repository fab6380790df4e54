package dev.orchestrator.settings;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Collectors;

/** What somebody who wrote a wrong word may have meant. */
final class SpellingSuggestion {

  private SpellingSuggestion() {}

  /** {@code did you mean "x"?}, or all that there are when none is near. */
  static String of(String wrong, Collection<String> right) {
    return near(
        wrong,
        right,
        right.isEmpty()
            ? "there is none"
            : "there is: " + right.stream().sorted().collect(Collectors.joining(", ")));
  }

  /** {@code did you mean "x"?}, or what to say when none is near. */
  static String near(String wrong, Collection<String> right, String otherwise) {
    return right.stream()
        .filter(word -> distance(plain(wrong), plain(word)) <= Math.max(1, word.length() / 3))
        .min(Comparator.comparingInt(word -> distance(plain(wrong), plain(word))))
        .map(word -> "did you mean \"" + word + "\"?")
        .orElse(otherwise);
  }

  /** Case and the ways to join words are no difference. */
  private static String plain(String word) {
    return word.toLowerCase(Locale.ROOT).replaceAll("[-_. ]", "");
  }

  /** Levenshtein's. */
  private static int distance(String a, String b) {
    int[] above = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      above[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] row = new int[b.length() + 1];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        row[j] = Math.min(Math.min(row[j - 1], above[j]) + 1, above[j - 1] + change);
      }
      above = row;
    }
    return above[b.length()];
  }
}
