package dev.orchestrator.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigRenderOptions;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.settings.ServiceSettings.LimitSettings;
import dev.orchestrator.settings.ServiceSettings.StackEntry;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.settings.Settings.EngineSettings;
import dev.orchestrator.settings.Settings.ImageSettings;
import dev.orchestrator.settings.Settings.ScheduleSettings;
import dev.orchestrator.settings.Settings.TakeoverSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads orchestrator.conf and the stack.conf of every stack, over the defaults of reference.conf.
 * Blocks for some small files; any thread.
 *
 * <p>All errors come in one {@link InvalidSettingsException}, a line for each: {@code file:line:
 * key: what is wrong; what to write}.
 */
public final class SettingsLoader {

  private static final String FILE = "stack.conf";
  private static final int MOST_AT_ONCE = 64;

  /** Sections that a stack.conf may have itself. */
  private static final List<String> OF_A_STACK =
      List.of("data", "upgrade", "rehearse", "security", "heal", "schedule", "snapshots", "backup");

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
   * Loads the settings of the stack that the key {@code stack} names, or of the only stack.
   *
   * @param env for {@code ${NAME}} in the files, and for {@value HomeFolder#VARIABLE}
   */
  public static Settings load(Path conf, Map<String, String> env) throws InvalidSettingsException {
    return load(conf, env, null);
  }

  /**
   * Loads the settings of one stack.
   *
   * @param stack its name or the name of its folder; null for the one that the key {@code stack}
   *     names, or the only one
   */
  public static Settings load(Path conf, Map<String, String> env, @Nullable String stack)
      throws InvalidSettingsException {
    if (stack == null) {
      return new SettingsLoader(SettingsFile.read(conf, env), env).read();
    }
    List<StackEntry> all = loadAll(conf, env, Map.of()).stacks();
    StackEntry entry =
        all.stream()
            .filter(each -> each.settings() != null && each.settings().stack().name().equals(stack))
            .findFirst()
            .or(() -> all.stream().filter(each -> each.folder().equals(stack)).findFirst())
            .orElseThrow(() -> new InvalidSettingsException("there is no stack " + stack));
    Settings settings = entry.settings();
    if (settings == null) {
      throw new InvalidSettingsException(entry.error());
    }
    return settings;
  }

  /**
   * Loads the settings of a stack whose folder may be anywhere.
   *
   * @throws InvalidSettingsException with a line for each error
   */
  public static Settings loadAt(Path conf, Map<String, String> env, Path stackFolder)
      throws InvalidSettingsException {
    SettingsLoader loader = new SettingsLoader(SettingsFile.read(conf, env), env);
    ServicePart service = loader.service();
    loader.errors.throwIfAny();
    SettingsErrors found = new SettingsErrors();
    StackRead read =
        loader.stack(
            service, SettingsFile.read(stackFolder.resolve(FILE), env), found, List.of(), true);
    found.throwIfAny();
    return service.of(loader.file.path(), read);
  }

  /**
   * Loads the settings of the service and of all its stacks. A stack with errors has them in its
   * entry, with its last settings that had none: see {@link #remember}.
   *
   * @param used by the folder of a stack, {@link StackEntry#source} of the settings that it uses:
   *     between two stacks with one port it is the changed one that is wrong
   * @throws InvalidSettingsException when something is wrong with orchestrator.conf itself
   */
  public static ServiceSettings loadAll(
      Path conf, Map<String, String> env, Map<String, String> used)
      throws InvalidSettingsException {
    return new SettingsLoader(SettingsFile.read(conf, env), env).readAll(used);
  }

  /** What orchestrator.conf says itself. */
  private record ServicePart(
      Path home,
      EngineSettings engine,
      HostPort api,
      ImageSettings image,
      TakeoverSettings takeover,
      LimitSettings limits,
      Path stacksFolder) {

    Settings of(Path file, StackRead read) {
      return new Settings(
          file,
          home,
          engine,
          new ApiSettings(api.host(), api.port()),
          image.withPrivileged(read.stack().grants().privileged()),
          read.schedule(),
          takeover,
          read.stack());
    }
  }

  /** What a stack.conf says. */
  private record StackRead(
      StackSettings stack, ScheduleSettings schedule, String source, String conf) {}

  private ServicePart service() {
    ServicePart service =
        new ServicePart(
            home(),
            engine(),
            api(),
            image(),
            takeover(),
            limits(),
            path(root, "stacks-folder", root.text("stacks-folder")));
    // Only for the errors in these sections: each stack reads them again, as its defaults.
    ScheduleSettings _ = ScheduleReader.read(root);
    UpgradeReader.upgrade(root, errors);
    DataReader.read(root);
    int _ = HealReader.after(root);
    SnapshotSettings _ = SnapshotReader.read(root);
    BackupSettings _ = BackupReader.read(root, null, env, false);
    return service;
  }

  private Settings read() {
    ServicePart service = service();
    Optional<StackRead> stack =
        onlyStack(service.stacksFolder()).flatMap(name -> stack(service, name, errors, List.of()));
    root.rejectUnknownKeys();
    errors.throwIfAny();
    return service.of(file.path(), stack.orElseThrow());
  }

  private ServiceSettings readAll(Map<String, String> used) {
    ServicePart service = service();
    List<String> names = new ArrayList<>();
    if (root.has("stack")) {
      onlyStack(service.stacksFolder()).ifPresent(names::add);
    } else {
      names.addAll(stacks(service.stacksFolder()));
      names.sort(
          Comparator.comparingInt((String name) ->
                  !used.containsKey(name)
                      ? 2
                      : entry(service, name, List.of()).source().equals(used.get(name)) ? 0 : 1)
              .thenComparing(name -> name));
    }
    root.rejectUnknownKeys();
    errors.throwIfAny();
    List<StackSettings> known = new ArrayList<>();
    List<StackEntry> entries = new ArrayList<>();
    for (String name : names) {
      StackEntry entry = entry(service, name, known);
      entries.add(entry);
      if (entry.settings() != null) {
        known.add(entry.settings().stack());
      }
    }
    return new ServiceSettings(
        file.path(),
        service.home(),
        service.engine(),
        new ApiSettings(service.api().host(), service.api().port()),
        service.takeover(),
        service.limits(),
        service.stacksFolder(),
        List.copyOf(entries));
  }

  private StackEntry entry(ServicePart service, String name, List<StackSettings> known) {
    SettingsErrors own = new SettingsErrors();
    String failure;
    try {
      Optional<StackRead> read = stack(service, name, own, known);
      own.throwIfAny();
      StackRead stack = read.orElseThrow();
      return new StackEntry(name, service.of(file.path(), stack), "", stack.source(), stack.conf());
    } catch (InvalidSettingsException e) {
      failure = String.valueOf(e.getMessage());
    }
    Path remembered = remembered(service.home(), name);
    if (Files.isRegularFile(remembered)) {
      try {
        SettingsErrors ofRemembered = new SettingsErrors();
        SettingsFile source =
            new SettingsFile(
                service.stacksFolder().resolve(name).resolve(FILE),
                SettingsFile.read(remembered, env).config());
        StackRead stack = stack(service, source, ofRemembered, known, false);
        ofRemembered.throwIfAny();
        return new StackEntry(name, service.of(file.path(), stack), failure, stack.source(), "");
      } catch (InvalidSettingsException e) {
        failure += "\nand what it was before can't be used any more: " + e.getMessage();
      }
    }
    return new StackEntry(name, null, failure, "", "");
  }

  /**
   * Keeps the stack.conf of an entry without errors, so that the stack serves on with it when the
   * file is wrong at the next start.
   */
  public static void remember(Path home, StackEntry entry) throws IOException {
    if (entry.conf().isEmpty()) {
      return;
    }
    Path file = remembered(home, entry.folder());
    HomeFiles files = new HomeFiles(file.resolveSibling("").normalize());
    files.create();
    files.write(file, entry.conf() + "\n");
  }

  private static Path remembered(Path home, String folder) {
    return home.resolve("last-good").resolve(folder + ".conf");
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

  private TakeoverSettings takeover() {
    SettingsSection section = part("takeover");
    Duration drain = section.time("drain", Duration.ZERO, Duration.ofDays(1));
    section.rejectUnknownKeys();
    return new TakeoverSettings(drain);
  }

  private LimitSettings limits() {
    SettingsSection section = part("limits");
    LimitSettings limits =
        new LimitSettings(
            section.whole("builds", 1, MOST_AT_ONCE), section.whole("copies", 1, MOST_AT_ONCE));
    section.rejectUnknownKeys();
    return limits;
  }

  /**
   * The folder of the stack that the key {@code stack} names, else of the only stack that there is;
   * empty, with an error, when there is no such stack.
   */
  private Optional<String> onlyStack(Path folders) {
    List<String> found = stacks(folders);
    if (!root.has("stack") && found.size() == 1) {
      return Optional.of(found.getFirst());
    }
    int before = errors.count();
    String name = root.text("stack", "demo");
    if (name.isEmpty()) {
      if (errors.count() == before) {
        root.addError("stack", "is empty; write stack = demo");
      }
      return Optional.empty();
    }
    if (!NameRules.isValid(name)) {
      root.addError("stack", NameRules.explain(name));
      return Optional.empty();
    }
    Path conf = folders.resolve(name).resolve(FILE);
    if (!Files.isRegularFile(conf)) {
      root.addError(
          "stack",
          "there is no %s; %s"
              .formatted(
                  SettingsFile.displayName(conf.toString()),
                  found.isEmpty()
                      ? "there are no stacks in " + SettingsFile.displayName(folders.toString())
                      : SpellingSuggestion.of(name, found)));
      return Optional.empty();
    }
    return Optional.of(name);
  }

  private Optional<StackRead> stack(
      ServicePart service, String name, SettingsErrors found, List<StackSettings> others) {
    if (!NameRules.isValid(name)) {
      throw new InvalidSettingsException(
          SettingsFile.displayName(service.stacksFolder().resolve(name).toString())
              + ": "
              + NameRules.explain(name));
    }
    SettingsFile stackFile =
        SettingsFile.read(service.stacksFolder().resolve(name).resolve(FILE), env);
    return Optional.of(stack(service, stackFile, found, others, true));
  }

  private StackRead stack(
      ServicePart service,
      SettingsFile stackFile,
      SettingsErrors found,
      List<StackSettings> others,
      boolean checkFiles) {
    Config defaults = file.config().withFallback(reference);
    Config merged = stackFile.config();
    for (String key : OF_A_STACK) {
      merged = merged.withFallback(defaults.withOnlyPath(key));
    }
    SettingsSection section = new SettingsSection(merged.root(), stackFile, "", found);
    ScheduleSettings schedule = ScheduleReader.read(section);
    StackSettings stack =
        StackReader.read(stackFile, section, service.api(), found, others, env, checkFiles);
    return new StackRead(
        stack,
        schedule,
        text(merged) + service.image() + service.engine(),
        text(stackFile.config()));
  }

  private static String text(Config config) {
    return config.root().render(ConfigRenderOptions.concise());
  }

  private static List<String> stacks(Path folder) {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(path -> Files.isRegularFile(path.resolve(FILE)))
          .map(path -> String.valueOf(path.getFileName()))
          .filter(name -> !name.startsWith(".")) // one that is being written
          .sorted()
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }
}
