package dev.orchestrator.settings;

/** A {@code stack.conf}, over the defaults of orchestrator.conf. */
final class StackReader {

  private StackReader() {}

  static StackSettings read(
      SettingsFile file, SettingsSection section, HostPort api, SettingsErrors problems) {
    String name =
        section.has("name")
            ? NameRules.read(section, "name", "demo")
            : String.valueOf(file.folder().getFileName());
    StackSettings stack =
        new StackSettings(
            name,
            file.folder(),
            RouteReader.read(section, api),
            ProbeReader.read(section),
            UpgradeReader.upgrade(section, problems),
            DataReader.read(section));
    section.noOthers();
    return stack;
  }
}
