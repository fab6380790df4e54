package dev.orchestrator.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a command writes and asks: results to {@code out}, complaints to {@code err}.
 *
 * @param in where a person answers, null where nobody does
 * @param interactive a person sees it: lines may be redrawn
 * @param colour whether to colour
 * @param unicode whether the output can carry ✓ and its like
 * @param width columns of a line that is redrawn
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
   * Of this process. The launcher says whether its output is a terminal, as finding out in Java
   * costs a tenth of a second.
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

  /** Whether somebody answers. */
  boolean asks() {
    return in != null;
  }

  /** Asks; an end of the input is a no. */
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

  void line(String text) {
    out.println(unicode ? text : plain(text));
  }

  /** Replaces the line that the cursor is on; nothing where lines can't be redrawn. */
  void redraw(String text) {
    if (interactive) {
      String fitting = text.length() < width ? text : text.substring(0, width - 1);
      out.print("\r\u001b[K" + (unicode ? fitting : plain(fitting)));
      out.flush();
    }
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
