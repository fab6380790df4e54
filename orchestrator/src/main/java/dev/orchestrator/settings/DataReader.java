package dev.orchestrator.settings;

import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads the section {@code data} of orchestrator.conf and of a stack.conf. */
final class DataReader {
  private static final DataSettings NONE = new DataSettings(Strategy.AUTO, Quiesce.STOP, 0);

  /** A generation's other volumes have these names. */
  private static final Set<String> RESERVED = Set.of("data", "store");

  /** How thoroughly a copy is compared with its original. */
  private enum Verify {
    SAMPLE,
    FULL
  }

  private DataReader() {}

  static DataSettings read(SettingsSection parent) {
    return parent.section("data").map(DataReader::data).orElse(NONE);
  }

  private static DataSettings data(SettingsSection section) {
    // GrantReader reads them, with what else a stack may have of the host.
    boolean _ = section.has("host-paths");
    Strategy strategy = section.choice("strategy", Strategy.class);
    DataSettings data =
        new DataSettings(
            strategy,
            section.choice("quiesce", Quiesce.class),
            services(section),
            section.sections("hooks").stream().map(DataReader::hook).toList(),
            section.bytes("reserve"),
            section.choice("verify", Verify.class) == Verify.FULL,
            section.whole("passes", 1, 100),
            section.bytes("small"),
            section.flag("allow-attach"),
            section.choice("rollback", Rollback.class),
            ignored(section),
            section.texts("accept-unused"),
            imports(section),
            volumes(section, strategy),
            files(section));
    section.rejectUnknownKeys();
    return data;
  }

  private static Map<String, Quiesce> services(SettingsSection parent) {
    Map<String, Quiesce> services = new HashMap<>();
    for (SettingsSection section : parent.sections("services")) {
      String name = NameRules.service(section, "name");
      if (services.put(name, section.choice("quiesce", Quiesce.class)) != null) {
        section.addError("name", "\"" + name + "\" is given twice; remove one of the two");
      }
      section.rejectUnknownKeys();
    }
    return services;
  }

  private static Hook hook(SettingsSection section) {
    Hook hook =
        new Hook(
            NameRules.service(section, "service"),
            section.choice("when", Hook.When.class),
            section.texts("command", "[mariadb, -e, \"FLUSH TABLES\"]"),
            section.time(
                "limit", Duration.ofMillis(1), Duration.ofHours(1), Duration.ofSeconds(10)));
    section.rejectUnknownKeys();
    return hook;
  }

  private static List<String> ignored(SettingsSection section) {
    List<String> paths = section.texts("ignore");
    paths.stream()
        .filter(path -> !path.startsWith("/"))
        .forEach(path ->
            section.addError(
                "ignore",
                "\""
                    + path
                    + "\" is not a path in a container; write an absolute path such as /tmp"));
    return paths;
  }

  private static List<VolumeImport> imports(SettingsSection parent) {
    List<VolumeImport> imports = new ArrayList<>();
    for (SettingsSection section : parent.sections("import")) {
      String volume = section.text("volume", "db");
      if (imports.stream().anyMatch(other -> other.volume().equals(volume))) {
        section.addError("volume", "\"" + volume + "\" is given twice; remove one of the two");
      }
      imports.add(new VolumeImport(volume, section.text("from", "shop_db")));
      section.rejectUnknownKeys();
    }
    return imports;
  }

  private static List<VolumeSettings> volumes(SettingsSection parent, Strategy strategy) {
    List<VolumeSettings> volumes = new ArrayList<>();
    for (SettingsSection section : parent.sections("volumes")) {
      String name = NameRules.read(section, "name", "media");
      if (RESERVED.contains(name)) {
        section.addError(
            "name", "\"" + name + "\" is taken by the orchestrator; write another name");
      }
      if (!name.isEmpty() && volumes.stream().anyMatch(other -> other.name().equals(name))) {
        section.addError(
            "name", "\"" + name + "\" is the name of another volume; write a different name");
      }
      List<String> paths =
          section.texts("paths", "[\"./media\"]").stream()
              .map(path -> path(section, "paths", path))
              .toList();
      rejectOverlaps(section, paths, volumes);
      volumes.add(
          new VolumeSettings(
              name,
              paths,
              section.has("strategy") ? section.choice("strategy", Strategy.class) : strategy,
              section.flag("immutable")));
      section.rejectUnknownKeys();
    }
    return volumes;
  }

  private static List<FileSettings> files(SettingsSection parent) {
    List<FileSettings> files = new ArrayList<>();
    for (SettingsSection section : parent.sections("files")) {
      String text = section.text("path", "./conf");
      String path = "binds/?";
      if (text.equals("./") || text.equals(".")) {
        path = FileSettings.ALL;
      } else if (text.startsWith("./")) {
        path = path(section, "path", text);
      } else if (!text.isEmpty()) {
        section.addError(
            "path", "\"%s\" is not a path below the release folder; write ./conf".formatted(text));
      }
      String place = path;
      if (files.stream().anyMatch(other -> other.path().equals(place))) {
        section.addError("path", "\"" + text + "\" is given twice; remove one of the two");
      }
      files.add(new FileSettings(path, section.choice("policy", FileSettings.Policy.class)));
      section.rejectUnknownKeys();
    }
    return files;
  }

  /**
   * A path as it is below /data: {@code binds/…} for a path of the release folder, {@code
   * volumes/…} for a named volume.
   */
  private static String path(SettingsSection section, String key, String text) {
    try {
      Path path = Path.of(text).normalize();
      boolean bind = text.startsWith("./");
      if (!path.isAbsolute()
          && !path.toString().isEmpty()
          && !path.startsWith("..")
          && (bind || path.getNameCount() == 1)) {
        return (bind ? "binds/" : "volumes/") + path;
      }
    } catch (InvalidPathException e) {
      // The message below explains it.
    }
    if (!text.isEmpty()) {
      section.addError(
          key,
          "\"%s\" is neither a path below the release folder nor a named volume; write ./media or media"
              .formatted(text));
    }
    return "binds/?";
  }

  private static void rejectOverlaps(
      SettingsSection section, List<String> paths, List<VolumeSettings> others) {
    List<String> known = new ArrayList<>();
    others.forEach(volume -> known.addAll(volume.paths()));
    for (String path : paths) {
      for (String other : known) {
        if (Path.of(path).startsWith(other) || Path.of(other).startsWith(path)) {
          section.addError(
              "paths",
              "%s and %s overlap; write each place once"
                  .formatted(VolumeSettings.shown(other), VolumeSettings.shown(path)));
        }
      }
      known.add(path);
    }
  }
}
