package dev.orchestrator.settings;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Collectors;

/** Suggests which of the known words somebody meant who wrote an unknown one. */
final class SpellingSuggestion {

  private SpellingSuggestion() {}

  /** {@code did you mean "x"?}, or the list of known words when none is similar. */
  static String of(String wrong, Collection<String> right) {
    return near(
        wrong, right, "known: " + right.stream().sorted().collect(Collectors.joining(", ")));
  }

  /** {@code did you mean "x"?}, or the text {@code otherwise} when no known word is similar. */
  static String near(String wrong, Collection<String> right, String otherwise) {
    return right.stream()
        .filter(word -> distance(plain(wrong), plain(word)) <= Math.max(1, word.length() / 3))
        .min(Comparator.comparingInt(word -> distance(plain(wrong), plain(word))))
        .map(word -> "did you mean \"" + word + "\"?")
        .orElse(otherwise);
  }

  /** The word without what doesn't count: its case, and how its parts are joined. */
  private static String plain(String word) {
    return word.toLowerCase(Locale.ROOT).replaceAll("[-_. ]", "");
  }

  /** Levenshtein's edit distance, a row of the matrix at a time. */
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
