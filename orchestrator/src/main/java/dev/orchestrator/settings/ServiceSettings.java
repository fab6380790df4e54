package dev.orchestrator.settings;

import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.settings.Settings.EngineSettings;
import dev.orchestrator.settings.Settings.TakeoverSettings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a service and of all its stacks. Those of the service have been checked; a stack
 * may be wrong, and then has its errors instead.
 *
 * @param file orchestrator.conf, for messages
 * @param home folder of the state
 * @param stacksFolder the folder with a folder for each stack
 * @param stacks in the order in which they were read
 */
public record ServiceSettings(
    Path file,
    Path home,
    EngineSettings engine,
    ApiSettings api,
    TakeoverSettings takeover,
    LimitSettings limits,
    Path stacksFolder,
    List<StackEntry> stacks) {

  /** How much the stacks of a service may do at the same time; at least 1 each. */
  public record LimitSettings(int builds, int copies) {
    public static final LimitSettings DEFAULT = new LimitSettings(1, 1);
  }

  /**
   * A folder with a stack.conf.
   *
   * @param folder its name below the folder of the stacks
   * @param settings null when the file is wrong and no earlier state of it is known; with an error,
   *     the last state without one
   * @param error what is wrong with the file, a line for each error; empty when nothing is
   * @param source all that the settings come from as one text, to tell whether they have changed
   * @param conf the stack.conf itself, with its variables replaced: see {@link
   *     SettingsLoader#remember}; empty when it is wrong
   */
  public record StackEntry(
      String folder, @Nullable Settings settings, String error, String source, String conf) {}

  /** Settings of the service itself that are others now, and need another process: a line each. */
  public List<String> needRestart(ServiceSettings now) {
    Map<String, Boolean> same = new LinkedHashMap<>();
    same.put("home", home.equals(now.home));
    same.put("engine", engine.equals(now.engine));
    same.put("api", api.equals(now.api));
    same.put("limits", limits.equals(now.limits));
    return same.entrySet().stream()
        .filter(key -> !key.getValue())
        .map(key ->
            key.getKey()
                + " has changed, which needs another process: 'orchestrator serve --takeover'")
        .toList();
  }

  /** The settings of a service with one stack, which never change. */
  public static ServiceSettings of(Settings one) {
    String name = one.stack().name();
    return new ServiceSettings(
        one.file(),
        one.home(),
        one.engine(),
        one.api(),
        one.takeover(),
        LimitSettings.DEFAULT,
        one.stack().folder().resolveSibling(""),
        List.of(new StackEntry(name, one, "", name, "")));
  }
}
