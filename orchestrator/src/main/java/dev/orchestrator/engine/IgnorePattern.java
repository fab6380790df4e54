package dev.orchestrator.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * A pattern of a {@code .dockerignore}, by Docker's rules. It is matched as a nondeterministic
 * automaton whose states are tracked together, so that each character of a path takes at most as
 * many steps as the pattern is long.
 */
final class IgnorePattern {
  private sealed interface Part {}

  /** One character out of the ranges or, with {@code others}, one that is in none of them. */
  private record AnyOf(List<Range> ranges, boolean others) implements Part {
    boolean matches(char c) {
      return ranges.stream().anyMatch(range -> range.first <= c && c <= range.last) != others;
    }
  }

  private record Range(char first, char last) {}

  /** Any number of characters, but no slash. */
  private record Star() implements Part {}

  /** Any number of characters. */
  private record All() implements Part {}

  /** Any number of folders, each with the slash behind it. */
  private record Folders() implements Part {}

  private static final Part NO_SLASH = new AnyOf(List.of(new Range('/', '/')), true);

  private final List<Part> parts = new ArrayList<>();
  private final String text;
  private int at;

  /**
   * Parses a pattern.
   *
   * @throws IllegalArgumentException when the text is no pattern
   */
  IgnorePattern(String text) {
    this.text = text;
    while (at < text.length()) {
      parts.add(next());
    }
  }

  private Part next() {
    char c = text.charAt(at++);
    return switch (c) {
      case '*' -> stars();
      case '?' -> NO_SLASH;
      case '[' -> bracket();
      case '\\' -> single(at < text.length() ? text.charAt(at++) : c);
      default -> single(c);
    };
  }

  private Part stars() {
    if (!text.startsWith("*", at)) {
      return new Star();
    }
    at++;
    if (!text.startsWith("/", at)) {
      return new All();
    }
    at++;
    return new Folders();
  }

  private static Part single(char c) {
    return new AnyOf(List.of(new Range(c, c)), false);
  }

  private Part bracket() {
    boolean others = text.startsWith("^", at);
    at += others ? 1 : 0;
    List<Range> ranges = new ArrayList<>();
    while (ranges.isEmpty() || !text.startsWith("]", at)) {
      char first = inBracket();
      char last = first;
      if (text.startsWith("-", at) && !text.startsWith("-]", at)) {
        at++;
        last = inBracket();
      }
      if (last < first) {
        throw new IllegalArgumentException("the range %s-%s is empty".formatted(first, last));
      }
      ranges.add(new Range(first, last));
    }
    at++;
    return new AnyOf(ranges, others);
  }

  private char inBracket() {
    if (text.startsWith("\\", at)) {
      at++;
    }
    if (at >= text.length()) {
      throw new IllegalArgumentException("a [ has no ] behind it");
    }
    return text.charAt(at++);
  }

  /** Whether the whole pattern matches the whole path. */
  boolean matches(String path) {
    boolean[] now = new boolean[parts.size() + 1];
    reach(now, 0);
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      boolean[] then = new boolean[parts.size() + 1];
      boolean any = false;
      for (int state = 0; state < parts.size(); state++) {
        if (now[state]) {
          any |= step(then, state, c);
        }
      }
      if (!any) {
        return false;
      }
      now = then;
    }
    return now[parts.size()];
  }

  private boolean step(boolean[] then, int state, char c) {
    switch (parts.get(state)) {
      case AnyOf single -> {
        if (!single.matches(c)) {
          return false;
        }
        reach(then, state + 1);
      }
      case Star _ -> {
        if (c == '/') {
          return false;
        }
        reach(then, state);
      }
      case All _ -> reach(then, state);
      case Folders _ -> {
        // The part behind the folders begins after a slash.
        then[state] = true;
        if (c == '/') {
          reach(then, state + 1);
        }
      }
    }
    return true;
  }

  /** Adds a state, and the states behind it for as long as the parts between may match nothing. */
  private void reach(boolean[] states, int state) {
    for (int i = state; ; i++) {
      states[i] = true;
      if (i == parts.size() || parts.get(i) instanceof AnyOf) {
        return;
      }
    }
  }
}
