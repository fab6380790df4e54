package dev.orchestrator.settings;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The settings of a stack: its {@code stack.conf} with the defaults of orchestrator.conf.
 *
 * @param folder config/stacks/NAME; versions are the folders below its {@code releases}
 * @param routes with {@code routes = auto} {@link AutoRoutes}, which change when a version is known
 */
public record StackSettings(
    String name,
    Path folder,
    List<RouteSettings> routes,
    List<Probe> probes,
    UpgradeSettings upgrade,
    DataSettings data) {

  /** The routes, where they are those that a version's compose file publishes. */
  public Optional<AutoRoutes> autoRoutes() {
    return routes instanceof AutoRoutes auto ? Optional.of(auto) : Optional.empty();
  }

  public Path releases() {
    return folder.resolve("releases");
  }

  /** The same stack with the probes of a release over its own. */
  public StackSettings withProbesOf(List<Probe> release) {
    return new StackSettings(
        name, folder, routes, ReleaseProbes.merge(probes, release), upgrade, data);
  }
}
