package dev.orchestrator.adopt;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text of a compose file with variables in it, as Compose interpolates it: {@code $NAME}, {@code
 * ${NAME}}, {@code ${NAME:-default}} and its like; {@code $$} is a dollar sign.
 */
final class Template {
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  /** A literal where {@code name} is empty. */
  private record Piece(String literal, String name, String operator, String argument) {}

  private final List<Piece> pieces = new ArrayList<>();

  private Template() {}

  static Template of(String text) {
    Template template = new Template();
    StringBuilder literal = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c != '$' || at + 1 == text.length()) {
        literal.append(c);
        at++;
        continue;
      }
      char next = text.charAt(at + 1);
      if (next == '$') {
        literal.append('$');
        at += 2;
        continue;
      }
      Matcher name = NAME.matcher(text);
      int begin = next == '{' ? at + 2 : at + 1;
      if (!name.find(begin) || name.start() != begin) {
        literal.append(c);
        at++;
        continue;
      }
      int end = next == '{' ? closing(text, at + 1) : name.end() - 1;
      if (end < 0) {
        literal.append(text, at, text.length());
        break;
      }
      template.literal(literal);
      String rest = next == '{' ? text.substring(name.end(), end) : "";
      String operator =
          rest.startsWith(":") && rest.length() > 1
              ? rest.substring(0, 2)
              : rest.isEmpty() ? "" : rest.substring(0, 1);
      template.pieces.add(new Piece("", name.group(), operator, rest.substring(operator.length())));
      at = end + 1;
    }
    template.literal(literal);
    return template;
  }

  private void literal(StringBuilder literal) {
    if (!literal.isEmpty()) {
      pieces.add(new Piece(literal.toString(), "", "", ""));
      literal.setLength(0);
    }
  }

  private static int closing(String text, int open) {
    int depth = 0;
    for (int i = open; i < text.length(); i++) {
      if (text.charAt(i) == '{') {
        depth++;
      } else if (text.charAt(i) == '}' && --depth == 0) {
        return i;
      }
    }
    return -1;
  }

  /** The variables in it, those of defaults too. */
  List<String> names() {
    List<String> names = new ArrayList<>();
    for (Piece piece : pieces) {
      if (!piece.name.isEmpty()) {
        names.add(piece.name);
        names.addAll(of(piece.argument).names());
      }
    }
    return names;
  }

  /** The text with the variables' values; a variable without one is empty. */
  String resolve(Map<String, String> values) {
    StringBuilder text = new StringBuilder();
    pieces.forEach(piece -> text.append(value(piece, values)));
    return text.toString();
  }

  private static String value(Piece piece, Map<String, String> values) {
    if (piece.name.isEmpty()) {
      return piece.literal;
    }
    String value = values.get(piece.name);
    boolean there = value != null && (!piece.operator.startsWith(":") || !value.isEmpty());
    return switch (piece.operator.replace(":", "")) {
      case "-" -> there ? String.valueOf(value) : of(piece.argument).resolve(values);
      case "+" -> there ? of(piece.argument).resolve(values) : "";
      default -> value == null ? "" : value;
    };
  }

  /**
   * The values that the variables had when this became a text: where it can be told, as it can't be
   * of two variables without anything between them. Empty where the text can't have come of it.
   */
  Optional<Map<String, String>> match(String real) {
    StringBuilder pattern = new StringBuilder();
    List<String> groups = new ArrayList<>();
    Map<String, String> found = new TreeMap<>();
    boolean variableBefore = false;
    for (Piece piece : pieces) {
      boolean variable = !piece.name.isEmpty();
      if (variable && (variableBefore || piece.operator.endsWith("+"))) {
        return Optional.of(Map.of());
      }
      if (variable && groups.contains(piece.name)) {
        pattern.append("\\").append(groups.indexOf(piece.name) + 1);
      } else if (variable) {
        groups.add(piece.name);
        pattern.append("(.*?)");
      } else {
        pattern.append(Pattern.quote(piece.literal));
      }
      variableBefore = variable;
    }
    Matcher matcher = Pattern.compile(pattern.toString(), Pattern.DOTALL).matcher(real);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    for (int i = 0; i < groups.size(); i++) {
      found.put(groups.get(i), matcher.group(i + 1));
    }
    return Optional.of(found);
  }
}
