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
 * pre-release before its release (1.0-rc1 and 1.0rc1 before 1.0). Names of the same version (v1.0
 * and 1.0.0) are ordered as texts, so that the order is total.
 */
final class VersionOrder implements Comparator<String> {
  static final VersionOrder INSTANCE = new VersionOrder();

  private static final Pattern TOKEN = Pattern.compile("[0-9]+|[A-Za-z]+");
  private static final Set<String> EARLY =
      Set.of("alpha", "beta", "b", "dev", "m", "milestone", "pre", "preview", "rc", "snapshot");

  private VersionOrder() {}

  @Override
  public int compare(String a, String b) {
    int byCore = compareTokens(tokens(core(a)), tokens(core(b)));
    if (byCore != 0) {
      return byCore;
    }
    String earlyA = preRelease(a);
    String earlyB = preRelease(b);
    if (earlyA.isEmpty() != earlyB.isEmpty()) {
      return earlyA.isEmpty() ? 1 : -1;
    }
    int byEarly = compareTokens(tokens(earlyA), tokens(earlyB));
    return byEarly != 0 ? byEarly : a.compareTo(b);
  }

  private static String core(String name) {
    String bare = name.matches("[vV][0-9].*") ? name.substring(1) : name;
    int dash = bare.indexOf('-');
    return dash < 0 ? bare : bare.substring(0, dash);
  }

  private static String preRelease(String name) {
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
    return EARLY.contains(token) ? 0 : 2;
  }
}
