package dev.orchestrator.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.settings.Settings.EngineSettings;
import dev.orchestrator.settings.Settings.ImageSettings;
import dev.orchestrator.settings.Settings.ScheduleSettings;
import dev.orchestrator.settings.Settings.TakeoverSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Reads orchestrator.conf and the stack.conf that it names, over the defaults of reference.conf.
 * Blocks for some small files; any thread.
 *
 * <p>All errors come in one {@link InvalidSettingsException}, a line for each: {@code file:line:
 * key: what is wrong; what to write}.
 */
public final class SettingsLoader {

  private final SettingsFile file;
  private final Map<String, String> env;
  private final SettingsErrors errors = new SettingsErrors();
  private final Config reference;
  private final SettingsSection root;

  private SettingsLoader(SettingsFile file, Map<String, String> env) {
    this.file = file;
    this.env = env;
    this.reference =
        ConfigFactory.parseResources(SettingsLoader.class.getClassLoader(), "reference.conf")
            .getConfig("orchestrator");
    this.root = new SettingsSection(file.config().withFallback(reference).root(), file, "", errors);
  }

  /** Loads the settings with the environment of this process. */
  public static Settings load(Path conf) throws InvalidSettingsException {
    return load(conf, System.getenv());
  }

  /**
   * Loads the settings.
   *
   * @param env for {@code ${NAME}} in the files, and for {@value HomeFolder#VARIABLE}
   */
  public static Settings load(Path conf, Map<String, String> env) throws InvalidSettingsException {
    return new SettingsLoader(SettingsFile.read(conf, env), env).read();
  }

  private Settings read() {
    EngineSettings engine = engine();
    HostPort api = api();
    ImageSettings image = image();
    ScheduleSettings schedule = schedule();
    TakeoverSettings takeover = takeover();
    // Only for the errors in these sections: the stack reads them again, as its defaults.
    UpgradeReader.upgrade(root, errors);
    DataReader.read(root);
    int _ = HealReader.after(root);
    Path home = home();
    Optional<StackSettings> stack = stack(api);
    root.rejectUnknownKeys();
    errors.throwIfAny();
    return new Settings(
        file.path(),
        home,
        engine,
        new ApiSettings(api.host(), api.port()),
        image.withPrivileged(stack.orElseThrow().grants().privileged()),
        schedule,
        takeover,
        stack.orElseThrow());
  }

  private Path home() {
    String text = root.text("home");
    return root.parsed("home", text, setting -> HomeFolder.find(setting, file.folder(), env))
        .orElse(file.folder());
  }

  /** A section; when it is no object, which is an error, the section of the defaults. */
  private SettingsSection part(String key) {
    return root.section(key)
        .orElseGet(() -> new SettingsSection(reference.getObject(key), file, key, errors));
  }

  /** A path of the settings; the JDK's message says what is wrong with a text that can't be one. */
  private Path path(SettingsSection section, String key, String text) {
    return section.parsed(key, text, name -> file.resolve(name, env)).orElse(file.folder());
  }

  private EngineSettings engine() {
    SettingsSection section = part("engine");
    String host = section.text("host");
    if (!host.isEmpty() && !host.matches("unix:///\\S+|tcp://[^\\s/:]+:[0-9]{1,5}/?")) {
      section.addError(
          "host",
          "\"%s\" is not an engine's address; write unix:///var/run/docker.sock or tcp://HOST:PORT"
              .formatted(host));
    }
    Duration timeout = section.time("timeout", Duration.ofMillis(1), Duration.ofHours(1));
    section.rejectUnknownKeys();
    return new EngineSettings(host, timeout);
  }

  private HostPort api() {
    SettingsSection section = part("api");
    HostPort address =
        section
            .parsed("listen", section.text("listen"), text -> HostPort.parse(text, 0))
            .orElse(new HostPort("127.0.0.1", 0));
    if (!address.loopback()) {
      section.addError(
          "listen",
          address + " can be reached from outside; write a loopback address: 127.0.0.1:7070");
    }
    section.rejectUnknownKeys();
    return address;
  }

  private ImageSettings image() {
    SettingsSection section = part("image");
    String base = section.text("base");
    if (base.matches(".*\\s.*")) {
      section.addError(
          "base", "\"" + base + "\" is not an image's name; write for example docker:28-dind");
    }
    Path folder = path(section, "folder", section.text("folder"));
    if (!Files.isDirectory(folder)) {
      section.addError(
          "folder",
          "there is no folder " + folder + "; name the folder with the capsule's Dockerfile");
    }
    section.rejectUnknownKeys();
    return new ImageSettings(base, folder, GrantReader.readSecurity(root).privileged());
  }

  private ScheduleSettings schedule() {
    SettingsSection section = part("schedule");
    String cron = section.text("upgrade");
    if (!cron.isEmpty()) {
      section.parsed("upgrade", cron, CronExpressions::check);
    }
    String zone = section.text("zone");
    Optional<ZoneId> found =
        zone.isEmpty()
            ? Optional.of(ZoneId.systemDefault())
            : section.parsed("zone", zone, SettingsLoader::zone);
    section.rejectUnknownKeys();
    return new ScheduleSettings(cron.isEmpty() ? null : cron, found.orElse(ZoneId.of("UTC")));
  }

  private TakeoverSettings takeover() {
    SettingsSection section = part("takeover");
    Duration drain = section.time("drain", Duration.ZERO, Duration.ofDays(1));
    section.rejectUnknownKeys();
    return new TakeoverSettings(drain);
  }

  private static ZoneId zone(String text) {
    try {
      return ZoneId.of(text);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "\"%s\" is not a time zone; %s"
              .formatted(
                  text,
                  SpellingSuggestion.near(
                      text,
                      ZoneId.getAvailableZoneIds(),
                      "write for example Europe/Berlin or UTC")),
          e);
    }
  }

  private Optional<StackSettings> stack(HostPort api) {
    Path folders = path(root, "stacks-folder", root.text("stacks-folder"));
    int before = errors.count();
    String name = root.text("stack", "demo");
    if (name.isEmpty() && errors.count() == before) {
      root.addError("stack", "is empty; write stack = demo");
    }
    if (name.isEmpty()) {
      return Optional.empty();
    }
    if (!NameRules.isValid(name)) {
      root.addError("stack", NameRules.explain(name));
      return Optional.empty();
    }
    Path conf = folders.resolve(name).resolve("stack.conf");
    if (!Files.isRegularFile(conf)) {
      root.addError(
          "stack",
          "there is no %s; %s"
              .formatted(
                  SettingsFile.displayName(conf.toString()),
                  stacks(folders).isEmpty()
                      ? "there are no stacks in " + SettingsFile.displayName(folders.toString())
                      : SpellingSuggestion.of(name, stacks(folders))));
      return Optional.empty();
    }
    SettingsFile stackFile = SettingsFile.read(conf, env);
    Config defaults = file.config().withFallback(reference);
    SettingsSection section =
        new SettingsSection(
            stackFile
                .config()
                .withFallback(defaults.withOnlyPath("data"))
                .withFallback(defaults.withOnlyPath("upgrade"))
                .withFallback(defaults.withOnlyPath("security"))
                .withFallback(defaults.withOnlyPath("heal"))
                .root(),
            stackFile,
            "",
            errors);
    return Optional.of(StackReader.read(stackFile, section, api, errors));
  }

  private static List<String> stacks(Path folder) {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(path -> Files.isRegularFile(path.resolve("stack.conf")))
          .map(path -> String.valueOf(path.getFileName()))
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }
}
