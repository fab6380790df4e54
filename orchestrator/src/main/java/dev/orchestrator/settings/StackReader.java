package dev.orchestrator.settings;

import java.util.List;

/** Reads a {@code stack.conf}, whose defaults are those of orchestrator.conf. */
final class StackReader {

  private StackReader() {}

  /**
   * Reads a file; its errors are added to those of the sections.
   *
   * @param others the stacks before this one, whose ports are taken
   */
  static StackSettings read(
      SettingsFile file,
      SettingsSection section,
      HostPort api,
      SettingsErrors errors,
      List<StackSettings> others) {
    String name =
        section.has("name")
            ? NameRules.read(section, "name", "demo")
            : String.valueOf(file.folder().getFileName());
    others.stream()
        .filter(other -> other.name().equals(name))
        .findFirst()
        .ifPresent(other ->
            section.addError(
                "name",
                "\"%s\" is the name of the stack in %s; write a different name"
                    .formatted(name, SettingsFile.displayName(other.folder().toString()))));
    StackSettings stack =
        new StackSettings(
            name,
            file.folder(),
            RouteReader.read(section, api, others),
            ProbeReader.read(section),
            UpgradeReader.upgrade(section, errors),
            DataReader.read(section),
            ComposeSettingsReader.read(section),
            HealReader.after(section),
            GrantReader.stack(section),
            SnapshotReader.read(section));
    section.rejectUnknownKeys();
    return stack;
  }
}
