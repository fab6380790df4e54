package dev.orchestrator.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The output and input of a command: results go to {@code out}, errors to {@code err}.
 *
 * @param in the input of a person who answers questions, null where no person is
 * @param interactive whether the output is a terminal, where a line can be redrawn
 * @param colour whether the output is coloured
 * @param unicode whether the output's character set has ✓ and the other marks
 * @param width columns of the terminal
 */
public record Terminal(
    PrintStream out,
    PrintStream err,
    @Nullable InputStream in,
    boolean interactive,
    boolean colour,
    boolean unicode,
    int width) {

  /**
   * The terminal of this process. The launcher says whether there is one, as finding out in Java
   * takes a tenth of a second.
   */
  static Terminal ofProcess(Map<String, String> environment) {
    boolean interactive =
        Boolean.getBoolean("orchestrator.terminal")
            && !"dumb".equals(environment.getOrDefault("TERM", "dumb"));
    boolean colour = interactive && environment.getOrDefault("NO_COLOR", "").isEmpty();
    boolean unicode = System.out.charset().newEncoder().canEncode("✓→…●↶");
    int width = Integer.getInteger("orchestrator.columns", 80);
    return new Terminal(
        System.out,
        System.err,
        interactive && Boolean.getBoolean("orchestrator.asks") ? System.in : null,
        interactive,
        colour,
        unicode,
        width < 20 ? 80 : width);
  }

  /** Whether a person can answer a question. */
  boolean canAsk() {
    return in != null;
  }

  /** Prints the question and reads a line; the end of the input is the answer {@code no}. */
  String ask(String question) {
    out.print(unicode ? question : plain(question));
    out.flush();
    StringBuilder answer = new StringBuilder();
    try {
      InputStream answers = in == null ? InputStream.nullInputStream() : in;
      for (int c = answers.read(); c != '\n'; c = answers.read()) {
        if (c < 0) {
          return "no";
        }
        answer.append((char) c);
      }
    } catch (IOException e) {
      return "no";
    }
    return answer.toString();
  }

  /** Prints a line to the results. */
  void println(String text) {
    out.println(unicode ? text : plain(text));
  }

  /**
   * Replaces the line that the cursor is on, cut to the width of the terminal; does nothing where
   * lines can't be redrawn.
   */
  void redraw(String text) {
    if (interactive) {
      // A line as wide as the terminal would make some terminals begin another.
      String fitting =
          unicode ? fit(text, width - 1, "…") : fit(plain(text), width - 1, plain("…"));
      out.print("\r\u001b[K" + fitting);
      out.flush();
    }
  }

  /** The text as one line of so many columns at most; the end of a longer one is cut. */
  static String fit(String text, int columns) {
    return fit(text, columns, "…");
  }

  private static String fit(String text, int columns, String end) {
    String line = text.replaceAll("\\p{Cntrl}+", " ");
    return line.length() <= columns ? line : line.substring(0, columns - end.length()) + end;
  }

  String green(String text) {
    return paint("32", text);
  }

  String red(String text) {
    return paint("31", text);
  }

  String yellow(String text) {
    return paint("33", text);
  }

  private String paint(String code, String text) {
    return colour ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }

  private static String plain(String text) {
    return text.replace("✓", "+")
        .replace("✗", "x")
        .replace("→", "->")
        .replace("…", "...")
        .replace("●", "*")
        .replace("↶", "<")
        .replace("·", "-");
  }
}
