package dev.orchestrator.adopt;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.nodes.ScalarNode;

/**
 * Changes of single texts in compose files, in place: everything else stays as its author wrote it,
 * and the old text stands in a comment at the end of the line.
 */
final class ComposeEdits {
  /** A plain text that means itself, in lists and objects in brackets too. */
  private static final String PLAIN = "[A-Za-z0-9./][A-Za-z0-9./_@+-]*(:[A-Za-z0-9./_@+-]+)*";

  /** By the place where the old text begins; places are counted in code points. */
  private final Map<SourceFile, TreeMap<Integer, Edit>> edits = new HashMap<>();

  private record Edit(int end, String text, String old) {}

  /** Replaces a text; false when it is written in a form in which that can't be done. */
  boolean replace(SourceFile file, ScalarNode node, String value) {
    ScalarStyle style = node.getScalarStyle();
    boolean oneLine = node.getStartMark().getLine() == node.getEndMark().getLine();
    if (!oneLine || style == ScalarStyle.LITERAL || style == ScalarStyle.FOLDED) {
      return false;
    }
    edits
        .computeIfAbsent(file, key -> new TreeMap<>())
        .put(
            node.getStartMark().getIndex(),
            new Edit(
                node.getEndMark().getIndex(),
                style == ScalarStyle.PLAIN && value.matches(PLAIN) ? value : quoted(value),
                node.getValue()));
    return true;
  }

  private static String quoted(String value) {
    return "\"" + value.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  /** The text of a file with all changes. */
  String apply(SourceFile file) {
    TreeMap<Integer, Edit> own = edits.getOrDefault(file, new TreeMap<>());
    String text = file.text();
    Map<Integer, List<String>> comments = new TreeMap<>(Comparator.reverseOrder());
    StringBuilder changed = new StringBuilder(text);
    // From the end, so that the places before stay what they are.
    for (Map.Entry<Integer, Edit> entry : own.descendingMap().entrySet()) {
      int start = text.offsetByCodePoints(0, entry.getKey());
      int end = text.offsetByCodePoints(0, entry.getValue().end());
      changed.replace(start, end, entry.getValue().text());
      comments
          .computeIfAbsent(line(text, start), key -> new ArrayList<>())
          .addFirst(entry.getValue().old().replaceAll("\\p{Cntrl}", " "));
    }
    String[] lines = changed.toString().split("\n", -1);
    comments.forEach((line, old) -> {
      boolean carriage = lines[line].endsWith("\r");
      String content = carriage ? lines[line].substring(0, lines[line].length() - 1) : lines[line];
      lines[line] =
          content.stripTrailing()
              + " # adopted; was: "
              + String.join(", ", old)
              + (carriage ? "\r" : "");
    });
    return String.join("\n", lines);
  }

  private static int line(String text, int offset) {
    return (int) text.substring(0, offset).chars().filter(c -> c == '\n').count();
  }
}
