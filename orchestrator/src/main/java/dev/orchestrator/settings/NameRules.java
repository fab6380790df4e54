package dev.orchestrator.settings;

import java.util.regex.Pattern;

/** Names that end up in those of containers and volumes, in addresses and on command lines. */
final class NameRules {

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,39}");
  private static final Pattern SERVICE = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}");

  private NameRules() {}

  static boolean right(String name) {
    return NAME.matcher(name).matches();
  }

  /** A needed name. */
  static String read(SettingsSection section, String key, String example) {
    String name = section.text(key, example);
    if (section.has(key) && !right(name)) {
      section.wrong(key, wrong(name));
    }
    return name;
  }

  static String wrong(String name) {
    return "\"%s\" is no name; write up to 40 of a-z, 0-9, - and _, a letter or digit first"
        .formatted(name.length() > 60 ? name.substring(0, 60) + "…" : name);
  }

  /** The needed name of a compose service. */
  static String service(SettingsSection section) {
    return service(section, "service");
  }

  static String service(SettingsSection section, String key) {
    String service = section.text(key, "web, a service of the compose file");
    if (section.has(key) && !SERVICE.matcher(service).matches()) {
      section.wrong(key, "\"" + service + "\" can't be a service of a compose file");
    }
    return service;
  }
}
