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
 * <p>Whatever is wrong is one {@link InvalidSettingsException}, a line for each problem: {@code
 * file:line: key: what is wrong; what would be right}.
 */
public final class SettingsLoader {

  private final SettingsFile file;
  private final Map<String, String> env;
  private final SettingsErrors problems = new SettingsErrors();
  private final Config reference;
  private final SettingsSection root;

  private SettingsLoader(SettingsFile file, Map<String, String> env) {
    this.file = file;
    this.env = env;
    this.reference =
        ConfigFactory.parseResources(SettingsLoader.class.getClassLoader(), "reference.conf")
            .getConfig("orchestrator");
    this.root =
        new SettingsSection(file.config().withFallback(reference).root(), file, "", problems);
  }

  /** With the environment of this process. */
  public static Settings load(Path conf) throws InvalidSettingsException {
    return load(conf, System.getenv());
  }

  /** The environment is for {@code ${NAME}} in the files, and {@value HomeFolder#VARIABLE}. */
  public static Settings load(Path conf, Map<String, String> env) throws InvalidSettingsException {
    return new SettingsLoader(SettingsFile.read(conf, env), env).read();
  }

  private Settings read() {
    EngineSettings engine = engine();
    HostPort api = api();
    ImageSettings image = image();
    ScheduleSettings schedule = schedule();
    TakeoverSettings takeover = takeover();
    // For their own problems: the stack's are over them.
    UpgradeReader.upgrade(root, problems);
    DataReader.read(root);
    Path home = home();
    Optional<StackSettings> stack = stack(api);
    root.noOthers();
    problems.check();
    return new Settings(
        file.path(),
        home,
        engine,
        new ApiSettings(api.host(), api.port()),
        image,
        schedule,
        takeover,
        stack.orElseThrow());
  }

  private Path home() {
    String text = root.text("home");
    return root.parsed("home", text, setting -> HomeFolder.find(setting, file.folder(), env))
        .orElse(file.folder());
  }

  /** A section; where it is no object at all (that is told), the defaults' one. */
  private SettingsSection part(String key) {
    return root.section(key)
        .orElseGet(() -> new SettingsSection(reference.getObject(key), file, key, problems));
  }

  /** The library's message on what can't be a path is good enough. */
  private Path path(SettingsSection section, String key, String text) {
    return section.parsed(key, text, name -> file.resolve(name, env)).orElse(file.folder());
  }

  private EngineSettings engine() {
    SettingsSection section = part("engine");
    String host = section.text("host");
    if (!host.isEmpty() && !host.matches("unix:///\\S+|tcp://[^\\s/:]+:[0-9]{1,5}/?")) {
      section.wrong(
          "host",
          "\"%s\" is no address of an engine; write unix:///var/run/docker.sock or tcp://HOST:PORT"
              .formatted(host));
    }
    Duration timeout = section.time("timeout", Duration.ofMillis(1), Duration.ofHours(1));
    section.noOthers();
    return new EngineSettings(host, timeout);
  }

  private HostPort api() {
    SettingsSection section = part("api");
    HostPort address =
        section
            .parsed("listen", section.text("listen"), text -> HostPort.parse(text, 0))
            .orElse(new HostPort("127.0.0.1", 0));
    if (!address.loopback()) {
      section.wrong(
          "listen",
          address + " can be reached from outside; write a loopback address: 127.0.0.1:7070");
    }
    section.noOthers();
    return address;
  }

  private ImageSettings image() {
    SettingsSection section = part("image");
    String base = section.text("base");
    if (base.matches(".*\\s.*")) {
      section.wrong("base", "\"" + base + "\" is no image; write one such as docker:28-dind");
    }
    Path folder = path(section, "folder", section.text("folder"));
    if (!Files.isDirectory(folder)) {
      section.wrong(
          "folder",
          "there is no folder " + folder + "; name the one with the capsule's Dockerfile");
    }
    section.noOthers();
    return new ImageSettings(base, folder, security());
  }

  private enum SecurityMode {
    CAPABILITIES,
    PRIVILEGED
  }

  private boolean security() {
    SettingsSection section = part("security");
    boolean privileged = section.choice("mode", SecurityMode.class) == SecurityMode.PRIVILEGED;
    section.noOthers();
    return privileged;
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
    section.noOthers();
    return new ScheduleSettings(cron.isEmpty() ? null : cron, found.orElse(ZoneId.of("UTC")));
  }

  private TakeoverSettings takeover() {
    SettingsSection section = part("takeover");
    Duration drain = section.time("drain", Duration.ZERO, Duration.ofDays(1));
    section.noOthers();
    return new TakeoverSettings(drain);
  }

  private static ZoneId zone(String text) {
    try {
      return ZoneId.of(text);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "\"%s\" is no time zone; %s"
              .formatted(
                  text,
                  SpellingSuggestion.near(
                      text,
                      ZoneId.getAvailableZoneIds(),
                      "write one such as Europe/Berlin or UTC")),
          e);
    }
  }

  private Optional<StackSettings> stack(HostPort api) {
    Path folders = path(root, "stacks-folder", root.text("stacks-folder"));
    int before = problems.told();
    String name = root.text("stack", "demo");
    if (name.isEmpty() && problems.told() == before) {
      root.wrong("stack", "is empty; write stack = demo");
    }
    if (name.isEmpty()) {
      return Optional.empty();
    }
    if (!NameRules.right(name)) {
      root.wrong("stack", NameRules.wrong(name));
      return Optional.empty();
    }
    Path conf = folders.resolve(name).resolve("stack.conf");
    if (!Files.isRegularFile(conf)) {
      root.wrong(
          "stack",
          "there is no %s; %s"
              .formatted(
                  SettingsFile.shown(conf.toString()),
                  SpellingSuggestion.of(name, stacks(folders))));
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
                .root(),
            stackFile,
            "",
            problems);
    return Optional.of(StackReader.read(stackFile, section, api, problems));
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
