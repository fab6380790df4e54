package dev.orchestrator.settings;

import java.nio.file.Path;
import java.util.List;

/**
 * The settings of a stack: its {@code stack.conf} with the defaults of orchestrator.conf.
 *
 * @param folder config/stacks/NAME; versions are the folders below its {@code releases}
 * @param grants what the stack may have of the host
 */
public record StackSettings(
    String name,
    Path folder,
    List<RouteSettings> routes,
    List<Probe> probes,
    UpgradeSettings upgrade,
    DataSettings data,
    GrantSettings grants) {

  /** A stack that may have nothing of the host. */
  public StackSettings(
      String name,
      Path folder,
      List<RouteSettings> routes,
      List<Probe> probes,
      UpgradeSettings upgrade,
      DataSettings data) {
    this(name, folder, routes, probes, upgrade, data, GrantSettings.NONE);
  }

  public Path releases() {
    return folder.resolve("releases");
  }

  /** The same stack with the probes of a release over its own. */
  public StackSettings withProbesOf(List<Probe> release) {
    return new StackSettings(
        name, folder, routes, ReleaseProbes.merge(probes, release), upgrade, data, grants);
  }
}
