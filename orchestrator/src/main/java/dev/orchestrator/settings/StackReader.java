package dev.orchestrator.settings;

import java.util.List;
import java.util.Map;

/** Reads a {@code stack.conf}, whose defaults are those of orchestrator.conf. */
final class StackReader {

  private StackReader() {}

  /**
   * Reads a file; its errors are added to those of the sections.
   *
   * @param others the stacks before this one, whose ports are taken
   * @param env for {@code ~} in paths
   * @param checkFiles see {@link BackupReader}
   */
  static StackSettings read(
      SettingsFile file,
      SettingsSection section,
      HostPort api,
      SettingsErrors errors,
      List<StackSettings> others,
      Map<String, String> env,
      boolean checkFiles) {
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
            SnapshotReader.read(section),
            BackupReader.read(section, file.folder(), env, checkFiles),
            InvariantReader.read(section));
    if (stack.upgrade().requiresBackup() && !stack.backup().configured()) {
      section
          .section("upgrade")
          .ifPresent(upgrade ->
              upgrade.addError(
                  "backup",
                  "is required, and there is no backup.repository; name a repository, or write"
                      + " backup = none"));
    }
    section.rejectUnknownKeys();
    return stack;
  }
}
