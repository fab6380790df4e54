package dev.orchestrator.settings;

import java.util.regex.Pattern;

/**
 * The rules for names that become a part of names of containers and volumes, of addresses and of
 * command lines.
 */
public final class NameRules {

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,39}");
  private static final Pattern SERVICE = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}");

  private NameRules() {}

  /** Whether it can be the name of a stack, a route, a probe or a volume. */
  public static boolean isValid(String name) {
    return NAME.matcher(name).matches();
  }

  /** Reads a name that must be there. */
  static String read(SettingsSection section, String key, String example) {
    String name = section.text(key, example);
    if (section.has(key) && !isValid(name)) {
      section.addError(key, explain(name));
    }
    return name;
  }

  /** What is wrong with a name that is not valid, and what to write. */
  public static String explain(String name) {
    return "\"%s\" is not a valid name; write up to 40 of a-z, 0-9, - and _, a letter or digit first"
        .formatted(name.length() > 60 ? name.substring(0, 60) + "…" : name);
  }

  /** Reads the name of a compose service, which must be there. */
  static String service(SettingsSection section) {
    return service(section, "service");
  }

  static String service(SettingsSection section, String key) {
    String service = section.text(key, "web, a service of the compose file");
    if (section.has(key) && !SERVICE.matcher(service).matches()) {
      section.addError(
          key, "\"" + service + "\" can't be a service of a compose file; write its name there");
    }
    return service;
  }
}
