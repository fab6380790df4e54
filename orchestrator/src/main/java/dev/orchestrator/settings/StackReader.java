package dev.orchestrator.settings;

/** Reads a {@code stack.conf}, whose defaults are those of orchestrator.conf. */
final class StackReader {

  private StackReader() {}

  static StackSettings read(
      SettingsFile file, SettingsSection section, HostPort api, SettingsErrors errors) {
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
            UpgradeReader.upgrade(section, errors),
            DataReader.read(section),
            ComposeSettingsReader.read(section),
            HealReader.after(section),
            GrantReader.stack(section));
    section.rejectUnknownKeys();
    return stack;
  }
}
