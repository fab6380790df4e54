package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Brings what served before back to service: thawed or started on its own data or, where the newer
 * version has served already, on a clone of the newer data or of its own as of the switch.
 */
final class BlueRestorer {
  private final UpgradeContext parts;
  private final Notes notes;
  private final CapsuleStarter revival;
  private final VolumeRebaser rebase;
  private final Retention retention;
  private final Quiescer quiescing;
  private final DataSettings data;
  private final UpgradeSettings limits;

  BlueRestorer(UpgradeContext parts, ResourceNames names, Notes notes, CapsuleStarter revival) {
    this.parts = parts;
    this.revival = revival;
    this.notes = notes;
    this.retention = new Retention(parts, names);
    this.rebase = new VolumeRebaser(parts, names);
    this.quiescing = new Quiescer(parts, notes);
    this.data = parts.settings().stack().data();
    this.limits = parts.settings().stack().upgrade();
  }

  /** Whether clients were led to the candidate in this run. */
  static boolean served(UpgradeContext parts, UpgradeRun run) {
    return parts.journal().switched(run.id()).isPresent();
  }

  String toBlue(UpgradeRun run, Consumer<String> progress) {
    Generation blue = run.blue();
    if (served(parts, run) && run.green != null) {
      return afterSwitch(run, blue, run.green, progress);
    }
    return paused(blue) ? thaw(run, blue) : revive(run, blue, progress);
  }

  /** Also one that isn't healthy: it is what there is. */
  private String revive(UpgradeRun run, Generation blue, Consumer<String> progress) {
    String wrong = revival.revive(blue, run.id(), progress);
    quiescing.after(run.id(), parts.capsule(blue));
    if (wrong.isEmpty()) {
      return blue.version() + " is healthy again";
    }
    run.unwell = blue.version() + " serves again and is not healthy: " + wrong;
    return run.unwell;
  }

  private boolean paused(Generation generation) {
    return parts
        .engine()
        .container(generation.container())
        .filter(ContainerInfo::paused)
        .isPresent();
  }

  /** As it is: what clients have open goes on. */
  private String thaw(UpgradeRun run, Generation blue) {
    parts.engine().unpauseContainer(blue.container());
    Capsule capsule = parts.capsule(blue);
    capsule.lease(blue.number(), limits.ready());
    if (!data.services().isEmpty()) {
      capsule.start(limits.verify().deadline());
    }
    quiescing.after(run.id(), capsule);
    return blue.version() + " thawed";
  }

  private String afterSwitch(
      UpgradeRun run, Generation blue, Generation green, Consumer<String> progress) {
    if (settled(run, blue)) {
      return revive(run, blue, progress);
    }
    Optional<String> carried = carry(run, blue, green, progress);
    if (carried.isPresent()) {
      return carried.get();
    }
    Generation original = rebase.original(run.id(), blue);
    boolean frozen = VolumeRebaser.frozen(parts, original);
    Generation old =
        frozen ? rebase.onto(run.id(), blue, original.volumes(), "") : rebase.back(run.id(), blue);
    retention.sweep();
    notes.note(
        run.id(),
        "%s goes on with its data as of the switch; what was written since is set aside in volume %s"
            .formatted(blue.version(), Retention.volumes(green)));
    if (!frozen && paused(old)) {
      return thaw(run, old);
    }
    if (!frozen) {
      return revive(run, old, progress);
    }
    revival.wake(old, run.id());
    parts.capsule(old).mount(limits.ready());
    String revived = revive(run, old, progress);
    settle(run, old);
    return revived;
  }

  /**
   * Clients may be led to it from now on: were this undone once more, as the journal could not be
   * written, what they write must not be thrown away.
   */
  private void settle(UpgradeRun run, Generation old) {
    parts.capsule(old).mark(run.id(), limits.ready());
  }

  private boolean settled(UpgradeRun run, Generation blue) {
    if (rebase.original(run.id(), blue).volumes().equals(blue.volumes())
        || parts.engine().container(blue.container()).isEmpty()) {
      return false;
    }
    revival.wake(blue, run.id());
    return parts.capsule(blue).mark(limits.ready()).equals(run.id());
  }

  /** Empty where it can't be, or where the old version isn't healthy with the newer data. */
  private Optional<String> carry(
      UpgradeRun run, Generation blue, Generation green, Consumer<String> progress) {
    boolean wanted =
        run.record.kind() == Kind.UPGRADE
            && data.rollback() != Rollback.RESTORE
            && blue.volumes().stream().allMatch(volume -> possible(volume, green));
    if (!wanted) {
      return Optional.empty();
    }
    try {
      Generation old = rebase.onto(run.id(), blue, green.volumes(), "-carry");
      // No longer than clients may wait: they do.
      String healthy = tried(run, old, limits.hold(), progress);
      notes.note(
          run.id(),
          "%s goes on with a clone of %s's data: nothing that was written is lost; the newer data itself stays in volume %s, that as of the switch until the next upgrade in volume %s"
              .formatted(
                  blue.version(),
                  green.version(),
                  Retention.volumes(green),
                  Retention.volumes(rebase.original(run.id(), blue))));
      settle(run, old);
      return Optional.of(healthy + ", with a clone of the newer data");
    } catch (CapsuleException | HealthException e) {
      if (e.getCause() instanceof EngineException) {
        throw e; // The engine is away: nothing is known of the version.
      }
      String why =
          "%s is not healthy with %s's data (%s)"
              .formatted(blue.version(), green.version(), e.getMessage());
      notes.note(run.id(), why);
      progress.accept(why + ": taking its own as of the switch");
      return Optional.empty();
    }
  }

  /** Fails where it isn't healthy. */
  private String tried(UpgradeRun run, Generation old, Duration limit, Consumer<String> progress) {
    revival.wake(old, run.id());
    Capsule capsule = parts.capsule(old);
    capsule.mount(limits.ready());
    capsule.lease(old.number(), limits.ready());
    capsule.start(limit);
    quiescing.after(run.id(), capsule);
    return parts
        .health()
        .await(
            capsule,
            parts.settings().stack().probes(),
            old.ports(),
            new VerifySettings(1, limits.verify().interval(), limit),
            progress);
  }

  private static boolean possible(DataVolume volume, Generation green) {
    return DataPlanner.named(green, volume.name())
        .filter(newer -> newer.layers().size() < TransferPolicy.MOST_LAYERS)
        .isPresent();
  }
}
