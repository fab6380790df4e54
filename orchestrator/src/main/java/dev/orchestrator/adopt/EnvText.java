package dev.orchestrator.adopt;

/** Values in the form in which a {@code .env} file and a stack.conf have them. */
final class EnvText {
  private EnvText() {}

  /** A value of {@code .env}, in which Compose replaces nothing. */
  static String quoted(String value) {
    if (value.matches("[A-Za-z0-9_./:@%+,=-]*")) {
      return value;
    }
    return value.contains("'") || value.contains("\n")
        ? "\""
            + value
                .replace("\\", "\\\\")
                .replace("\"", "\\\"")
                .replace("$", "\\$")
                .replace("\n", "\\n")
            + "\""
        : "'" + value + "'";
  }

  /** A text of a stack.conf, in quotes. */
  static String conf(String value) {
    StringBuilder text = new StringBuilder("\"");
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"', '\\' -> text.append('\\').append(c);
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        default -> {
          if (c < ' ') {
            text.append(String.format("\\u%04x", (int) c));
          } else {
            text.append(c);
          }
        }
      }
    }
    return text.append('"').toString();
  }
}
