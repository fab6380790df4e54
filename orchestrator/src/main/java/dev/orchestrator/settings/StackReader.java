package dev.orchestrator.settings;

/** A {@code stack.conf}, over the defaults of orchestrator.conf. */
final class StackReader {

  private StackReader() {}

  static Stack read(SettingsFile file, Section section, Address api, Problems problems) {
    String name =
        section.has("name")
            ? Names.read(section, "name", "demo")
            : String.valueOf(file.folder().getFileName());
    Stack stack =
        new Stack(
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
