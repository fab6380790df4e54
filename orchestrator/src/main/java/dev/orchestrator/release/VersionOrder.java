package dev.orchestrator.release;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The order of versions by their names: by the numbers in them (v9 before v10, 1.0 before 1.0.1), a
 * pre-release before its release (1.0-rc1 and 1.0rc1 before 1.0), a revision of its build after it
 * (1.0 before 1.0-ls45 and 1.0-r2). Names without a number (latest, nightly) say nothing of their
 * age: they come before all others. Names of the same version (v1.0 and 1.0.0) are ordered as
 * texts, so that the order is total.
 */
public final class VersionOrder implements Comparator<String> {
  public static final VersionOrder INSTANCE = new VersionOrder();

  private static final Pattern TOKEN = Pattern.compile("[0-9]+|[A-Za-z]+");

  /** Words of a pre-release, wherever they stand after the version. */
  private static final Set<String> UNFINISHED =
      Set.of(
          "alpha",
          "beta",
          "canary",
          "cr",
          "dev",
          "ea",
          "edge",
          "insiders",
          "milestone",
          "nightly",
          "pre",
          "prerelease",
          "preview",
          "rc",
          "snapshot",
          "testing",
          "unstable");

  /** Short forms of them, which may be something else farther behind. */
  private static final Set<String> SHORT = Set.of("b", "m");

  /** What the part after the first dash makes of a version. */
  private enum Kind {
    PRE_RELEASE,
    PLAIN,
    REVISION
  }

  private VersionOrder() {}

  @Override
  public int compare(String a, String b) {
    if (hasNumber(a) != hasNumber(b)) {
      return hasNumber(a) ? 1 : -1;
    }
    int byCore = compareTokens(tokens(core(a)), tokens(core(b)));
    if (byCore != 0) {
      return byCore;
    }
    int byKind = kind(a).compareTo(kind(b));
    if (byKind != 0) {
      return byKind;
    }
    int bySuffix = compareTokens(tokens(suffix(a)), tokens(suffix(b)));
    return bySuffix != 0 ? bySuffix : a.compareTo(b);
  }

  /** Whether a name says which of two versions is newer. */
  static boolean hasNumber(String name) {
    return name.matches(".*[0-9].*");
  }

  /** Where a version is sorted, for a person; empty when its numbers say it all. */
  static String describe(String name) {
    if (!hasNumber(name)) {
      return "has no number: before all that have one";
    }
    String core = name.substring(0, name.length() - suffix(name).length()).replaceFirst("-$", "");
    return switch (kind(name)) {
      case PRE_RELEASE -> "pre-release: before " + core;
      case PLAIN -> "";
      case REVISION -> "revision: after " + core;
    };
  }

  private static Kind kind(String name) {
    List<String> words = tokens(suffix(name));
    if (words.isEmpty()) {
      return Kind.PLAIN;
    }
    return SHORT.contains(words.getFirst()) || words.stream().anyMatch(UNFINISHED::contains)
        ? Kind.PRE_RELEASE
        : Kind.REVISION;
  }

  private static String core(String name) {
    String bare = name.matches("[vV][0-9].*") ? name.substring(1) : name;
    int dash = bare.indexOf('-');
    return dash < 0 ? bare : bare.substring(0, dash);
  }

  private static String suffix(String name) {
    int dash = name.indexOf('-');
    return dash < 0 ? "" : name.substring(dash + 1);
  }

  private static List<String> tokens(String text) {
    List<String> tokens = new ArrayList<>();
    Matcher matcher = TOKEN.matcher(text);
    while (matcher.find()) {
      tokens.add(matcher.group().toLowerCase(Locale.ROOT));
    }
    return tokens;
  }

  private static int compareTokens(List<String> a, List<String> b) {
    for (int i = 0; i < Math.max(a.size(), b.size()); i++) {
      // A missing part counts as zero: 1.0 and 1.0.0 are the same version.
      int order = compareToken(i < a.size() ? a.get(i) : "0", i < b.size() ? b.get(i) : "0");
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  private static int compareToken(String a, String b) {
    if (rank(a) != rank(b)) {
      return Integer.compare(rank(a), rank(b));
    }
    return rank(a) == 1 ? new BigInteger(a).compareTo(new BigInteger(b)) : a.compareTo(b);
  }

  /** Words like rc come before numbers, other words after. */
  private static int rank(String token) {
    if (Character.isDigit(token.charAt(0))) {
      return 1;
    }
    return UNFINISHED.contains(token) || SHORT.contains(token) ? 0 : 2;
  }
}
