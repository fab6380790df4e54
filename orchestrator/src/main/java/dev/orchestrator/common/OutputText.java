package dev.orchestrator.common;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The part of a program's output or log that a message quotes. The last line is not always the line
 * that says why a program failed: a stack trace ends with its frames. Any thread.
 */
public final class OutputText {
  /** An output may have megabytes; its end is enough. */
  private static final int MOST_LINES = 500;

  /** A message of several lines is at most that long, above the frames of its trace. */
  private static final int MOST_MESSAGE_LINES = 20;

  /** A trace with more lines than these behind it did not end the program: the last line tells. */
  private static final int MOST_LINES_BEHIND = 20;

  private static final Pattern COLOUR = Pattern.compile("\u001b\\[[0-9;?]*[A-Za-z]");

  /** A frame of Java or JavaScript, or the first line of a PHP or Go stack. */
  private static final Pattern FRAME =
      Pattern.compile(
          "\\s+at (\\S.*\\(.*\\)|(async )?(node:|file:|/).*)"
              + "|\\s*\\.\\.\\. \\d+ (more|common frames omitted)"
              + "|Stack trace:|goroutine \\d+ \\[.*]:");

  /** A line that belongs to a trace only behind the first line of its stack: indented, PHP, Go. */
  private static final Pattern FOLLOWING_FRAME =
      Pattern.compile("\\s.*|#\\d+ .*|[\\w.*/()-]+\\(.*\\)");

  private static final Pattern PYTHON_TRACE =
      Pattern.compile("Traceback \\(most recent call last\\):");

  private static final Pattern CAUSE = Pattern.compile("Caused by: .*");

  /** The line above the frames, where it can be told from others. */
  private static final Pattern THROWN =
      Pattern.compile(
          "(Exception in thread \".*\" |Uncaught )?[\\w.$/]*(Exception|Error|Throwable)(:.*)?"
              + "|(panic|fatal error): .*");

  /** A log line of the level error. */
  private static final Pattern ERROR =
      Pattern.compile(
          ".*\\b(ERROR|FATAL|CRITICAL|PANIC|SEVERE)\\b.*"
              + "|.*\\b([Ee]rror|[Ff]atal|panic|FAILED)]?:.*");

  /** Lines that end an output whatever the reason, such as Node's version or a closing bracket. */
  private static final Pattern CLOSING =
      Pattern.compile(
          "note: run with `RUST_BACKTRACE.*|Node\\.js v[0-9.]+|exit status \\d+"
              + "|[\\[\\](){}\\s;,^~]*");

  private final List<String> lines;
  private final boolean[] quotable;

  private OutputText(List<String> output) {
    this.lines =
        output.subList(Math.max(0, output.size() - MOST_LINES), output.size()).stream()
            .map(line -> COLOUR.matcher(line).replaceAll("").stripTrailing())
            .toList();
    this.quotable = new boolean[lines.size()];
  }

  /** The line that says why a program failed, stripped; empty when the output is blank. */
  public static String tellingLine(String output) {
    List<String> found = tellingLines(output.lines().toList(), 1);
    return found.isEmpty() ? "" : found.getLast();
  }

  /**
   * The line that says why a program failed, and what it said right before, without the frames of
   * traces.
   *
   * @param most number of lines; the last one is the telling line
   */
  public static List<String> tellingLines(List<String> output, int most) {
    OutputText text = new OutputText(output);
    int telling = text.find();
    List<String> found = new ArrayList<>();
    for (int i = telling; i >= 0 && found.size() < most; i--) {
      if (i == telling || text.quotable[i]) {
        found.addFirst(text.lines.get(i).strip());
      }
    }
    return List.copyOf(found);
  }

  /** The text on one line without colours, cut to a length. */
  public static String quote(String text, int most) {
    String line = COLOUR.matcher(text).replaceAll("").strip().replaceAll("\\s+", " ");
    return line.length() <= most ? line : line.substring(0, most) + "…";
  }

  /** What the lines before have said about the next one. */
  private enum Where {
    /** No trace has been seen: the last line tells. */
    PLAIN,
    /** Behind "Caused by", whose message may have several lines: its frames come next. */
    MESSAGE,
    FRAMES,
    /** Behind Python's "Traceback": frames are indented, the error comes after them. */
    PYTHON_FRAMES,
    /** Behind a trace: only an error is newer than what the trace says. */
    BEHIND
  }

  /** Index of the telling line; -1 when all is blank. */
  private int find() {
    int telling = -1;
    int last = -1;
    int lastPlain = -1;
    int lastFrame = -1;
    Where where = Where.PLAIN;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.isBlank()) {
        continue;
      }
      last = i;
      if (where == Where.MESSAGE && i - telling > MOST_MESSAGE_LINES) {
        where = Where.BEHIND;
      }
      if (PYTHON_TRACE.matcher(line).matches()) {
        where = Where.PYTHON_FRAMES;
      } else if (CAUSE.matcher(line).matches()) {
        where = Where.MESSAGE;
        telling = take(i);
      } else if (FRAME.matcher(line).matches()) {
        if (where == Where.PLAIN || where == Where.BEHIND) {
          telling = thrown(i, telling);
        }
        where = Where.FRAMES;
        lastFrame = i;
      } else if (where == Where.PYTHON_FRAMES) {
        if (!Character.isWhitespace(line.charAt(0))) {
          where = Where.BEHIND;
          telling = take(i);
        }
      } else if (!CLOSING.matcher(line).matches()
          && where != Where.MESSAGE
          && !(where == Where.FRAMES && FOLLOWING_FRAME.matcher(line).matches())) {
        where = where == Where.PLAIN ? Where.PLAIN : Where.BEHIND;
        lastPlain = take(i);
        if (where == Where.PLAIN || ERROR.matcher(line).matches()) {
          telling = i;
        }
      }
    }
    if (lastPlain - Math.max(telling, lastFrame) > MOST_LINES_BEHIND) {
      return lastPlain;
    }
    return telling < 0 ? last : telling;
  }

  private int take(int i) {
    quotable[i] = true;
    return i;
  }

  /**
   * The line that the frames below belong to: the nearest that reads as an exception, else the
   * nearest of all.
   */
  private int thrown(int frame, int otherwise) {
    int nearest = -1;
    for (int i = frame - 1; i >= Math.max(0, frame - MOST_MESSAGE_LINES); i--) {
      String line = lines.get(i);
      if (FRAME.matcher(line).matches()) {
        break;
      }
      if (THROWN.matcher(line).matches()) {
        return take(i);
      }
      nearest = nearest < 0 && !CLOSING.matcher(line).matches() ? i : nearest;
    }
    return nearest < 0 ? otherwise : nearest;
  }
}
