package dev.orchestrator.settings;

import com.typesafe.config.ConfigOrigin;

/**
 * An error in a settings file, which a message tells on one line.
 *
 * @param line from 1; 0 when no line is known
 * @param key path of the key; empty when the error is about the whole file
 */
record SettingsError(String file, int line, String key, String text) {

  /** An error at a value's origin; a merged object has none, and its error is put at the file. */
  static SettingsError at(ConfigOrigin origin, SettingsFile file, String key, String text) {
    String name = origin.filename();
    return name == null || isDefault(origin)
        ? new SettingsError(file.displayName(), 0, key, text)
        : new SettingsError(
            SettingsFile.displayName(name), Math.max(0, origin.lineNumber()), key, text);
  }

  /** Whether a value comes from reference.conf and not from a file of the user's. */
  static boolean isDefault(ConfigOrigin origin) {
    return origin.resource() != null;
  }

  /** The error on one line: file, line, key and text. */
  String format() {
    return file
        + (line > 0 ? ":" + line : "")
        + ": "
        + (key.isEmpty() ? "" : printable(key) + ": ")
        + printable(text);
  }

  /** The text on one line, without control characters, and with long words cut. */
  static String printable(String text) {
    return text.replaceAll("\\s+", " ")
        .replaceAll("\\p{Cntrl}", "?")
        .replaceAll("(\\S{200})\\S+", "$1…")
        .strip();
  }
}
