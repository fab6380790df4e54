package dev.orchestrator.settings;

import com.typesafe.config.ConfigOrigin;

/**
 * One thing that is wrong in a file, for one line of a message.
 *
 * @param line from 1; 0 where no line is known
 * @param key path of the key; empty where the whole file is meant
 */
record SettingsError(String file, int line, String key, String text) {

  /** At a value's origin; what has none (a merged object) is put at the file itself. */
  static SettingsError at(ConfigOrigin origin, SettingsFile file, String key, String text) {
    String name = origin.filename();
    return name == null || isDefault(origin)
        ? new SettingsError(file.shown(), 0, key, text)
        : new SettingsError(SettingsFile.shown(name), Math.max(0, origin.lineNumber()), key, text);
  }

  /** Whether a value is of reference.conf, and no file of the user's. */
  static boolean isDefault(ConfigOrigin origin) {
    return origin.resource() != null;
  }

  String shown() {
    return file
        + (line > 0 ? ":" + line : "")
        + ": "
        + (key.isEmpty() ? "" : printable(key) + ": ")
        + printable(text);
  }

  /** On one line, with nothing that moves a terminal's cursor, and no word that fills it. */
  static String printable(String text) {
    return text.replaceAll("\\s+", " ")
        .replaceAll("\\p{Cntrl}", "?")
        .replaceAll("(\\S{200})\\S+", "$1…")
        .strip();
  }
}
