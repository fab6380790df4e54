package dev.orchestrator.settings;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The settings of a stack: its {@code stack.conf} with the defaults of orchestrator.conf.
 *
 * @param folder config/stacks/NAME; versions are the folders below its {@code releases}
 * @param routes with {@code routes = auto} {@link AutoRoutes}, which change when a version is known
 * @param healAfter a service of what serves is restarted when so many looks in a row find it
 *     unhealthy; 0: never
 * @param grants what the stack may have of the host
 * @param snapshots how snapshots are made and for how long they stay
 * @param backup where its backups go
 * @param invariants figures of its data that an upgrade must keep
 */
public record StackSettings(
    String name,
    Path folder,
    List<RouteSettings> routes,
    List<Probe> probes,
    UpgradeSettings upgrade,
    DataSettings data,
    ComposeSettings compose,
    int healAfter,
    GrantSettings grants,
    SnapshotSettings snapshots,
    BackupSettings backup,
    List<Invariant> invariants) {

  /** After how many looks a service is restarted, where nothing else is said. */
  public static final int HEAL_AFTER = 3;

  /** A stack whose services are restarted as the defaults say, and that has nothing of the host. */
  public StackSettings(
      String name,
      Path folder,
      List<RouteSettings> routes,
      List<Probe> probes,
      UpgradeSettings upgrade,
      DataSettings data,
      ComposeSettings compose) {
    this(name, folder, routes, probes, upgrade, data, compose, HEAL_AFTER, GrantSettings.NONE);
  }

  /** A stack without backups, with the defaults of its snapshots. */
  public StackSettings(
      String name,
      Path folder,
      List<RouteSettings> routes,
      List<Probe> probes,
      UpgradeSettings upgrade,
      DataSettings data,
      ComposeSettings compose,
      int healAfter,
      GrantSettings grants) {
    this(
        name,
        folder,
        routes,
        probes,
        upgrade,
        data,
        compose,
        healAfter,
        grants,
        SnapshotSettings.DEFAULT,
        BackupSettings.NONE,
        List.of());
  }

  /** A stack with the defaults of everything else. */
  public StackSettings(
      String name,
      Path folder,
      List<RouteSettings> routes,
      List<Probe> probes,
      UpgradeSettings upgrade,
      DataSettings data) {
    this(name, folder, routes, probes, upgrade, data, ComposeSettings.DEFAULT);
  }

  /** The routes, where they are those that a version's compose file publishes. */
  public Optional<AutoRoutes> autoRoutes() {
    return routes instanceof AutoRoutes auto ? Optional.of(auto) : Optional.empty();
  }

  public Path releases() {
    return folder.resolve("releases");
  }

  /** The same stack with other routes. */
  public StackSettings withRoutes(List<RouteSettings> others) {
    return changed(stack -> stack.routes = others);
  }

  /** The same stack that tells Compose something else. */
  public StackSettings withCompose(ComposeSettings others) {
    return changed(stack -> stack.compose = others);
  }

  /** The same stack with other budgets and deadlines. */
  public StackSettings withUpgrade(UpgradeSettings others) {
    return changed(stack -> stack.upgrade = others);
  }

  /** The same stack with other grants. */
  public StackSettings withGrants(GrantSettings others) {
    return changed(stack -> stack.grants = others);
  }

  /** The same stack with other settings of its snapshots. */
  public StackSettings withSnapshots(SnapshotSettings others) {
    return changed(stack -> stack.snapshots = others);
  }

  /** The same stack with the probes of a release over its own. */
  public StackSettings withProbesOf(List<Probe> release) {
    return changed(stack -> stack.probes = ReleaseProbes.merge(probes, release));
  }

  /** The same stack with other backups. */
  public StackSettings withBackup(BackupSettings others) {
    return changed(stack -> stack.backup = others);
  }

  /** The same stack with other invariants. */
  public StackSettings withInvariants(List<Invariant> others) {
    return changed(stack -> stack.invariants = others);
  }

  /** What a stack may be another one by. */
  private static final class Draft {
    List<RouteSettings> routes;
    List<Probe> probes;
    UpgradeSettings upgrade;
    ComposeSettings compose;
    GrantSettings grants;
    SnapshotSettings snapshots;
    BackupSettings backup;
    List<Invariant> invariants;

    Draft(StackSettings stack) {
      routes = stack.routes;
      probes = stack.probes;
      upgrade = stack.upgrade;
      compose = stack.compose;
      grants = stack.grants;
      snapshots = stack.snapshots;
      backup = stack.backup;
      invariants = stack.invariants;
    }
  }

  private StackSettings changed(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return new StackSettings(
        name,
        folder,
        draft.routes,
        draft.probes,
        draft.upgrade,
        data,
        draft.compose,
        healAfter,
        draft.grants,
        draft.snapshots,
        draft.backup,
        draft.invariants);
  }
}
