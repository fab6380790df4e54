package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CloneSupport;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.settings.DataSettings.Strategy;
import java.util.ArrayList;
import java.util.List;

/**
 * Chooses how a volume gets to the next version, and says why. What can't be done as it was asked
 * for is a {@link RefusedException}.
 *
 * @param name of the volume
 * @param old the version that serves
 * @param freezes whether any service is frozen rather than stopped
 * @param attach whether a volume may be attached that isn't immutable
 */
public record TransferPolicy(
    String name,
    String old,
    boolean immutable,
    DataVolume from,
    VolumeUsage measure,
    CloneSupport clones,
    boolean freezes,
    boolean attach) {
  /** Reading through more costs more, and what is at the bottom can't be removed. */
  public static final int MOST_LAYERS = 3;

  /** A layer takes a file whole at the first write to it: this much for as long as a hold. */
  static final long LARGE = 1L << 30;

  /** What was chosen. */
  record Choice(Method method, String why, List<String> warnings) {
    Choice(Method method, String why) {
      this(method, why, List.of());
    }
  }

  Choice of(Strategy strategy) {
    return switch (strategy) {
      case COPY -> new Choice(Method.COPY, "as set");
      case CLONE -> cloned();
      case ATTACH -> attached();
      case AUTO -> best();
    };
  }

  private Choice best() {
    if (immutable && !from.layered()) {
      return new Choice(Method.ATTACH, "its files never change (immutable)");
    }
    if (measure.share()) {
      return shared();
    }
    List<String> obstacles = new ArrayList<>(forbids());
    obstacles.addAll(costs());
    return obstacles.isEmpty() ? layer(List.of()) : new Choice(Method.COPY, obstacles.getFirst());
  }

  private Choice cloned() {
    if (measure.share()) {
      return shared();
    }
    if (tooDeep()) {
      return new Choice(Method.COPY, deep());
    }
    List<String> forbids = forbids();
    if (!forbids.isEmpty()) {
      throw new RefusedException(
          "volume %s can't be cloned: %s: set its strategy to copy or auto"
              .formatted(name, forbids.getFirst()));
    }
    return layer(costs());
  }

  private Choice shared() {
    return new Choice(
        Method.REFLINK, "files can share their blocks on " + measure.fileSystem() + ": a clone");
  }

  private Choice layer(List<String> warnings) {
    return new Choice(
        Method.OVERLAY,
        "a layer over %s's data: a clone, whatever the size".formatted(old),
        warnings);
  }

  private boolean tooDeep() {
    return from.layers().size() >= MOST_LAYERS;
  }

  private String deep() {
    return "a clone would be its layer number %d: a copy makes it one again"
        .formatted(from.layers().size() + 1);
  }

  /** Why it can't be a layer. */
  private List<String> forbids() {
    List<String> reasons = new ArrayList<>();
    if (tooDeep()) {
      reasons.add(deep());
    }
    if (freezes) {
      reasons.add("what is frozen may still write when it ends, and nothing may below a clone");
    }
    if (!clones.overlay()) {
      reasons.add("a clone can't be mounted on this host (" + clones.why() + ")");
    }
    return reasons;
  }

  /** Why it had better not be one. */
  private List<String> costs() {
    List<String> reasons = new ArrayList<>();
    if (measure.links() > 0 && !clones.links()) {
      reasons.add(
          "%,d of its files have several names, and a clone on this host would part them"
              .formatted(measure.links()));
    }
    if (measure.largest() > LARGE) {
      reasons.add(
          "a database file of %s would be copied whole at the first write to its clone"
              .formatted(HumanText.bytes(measure.largest())));
    }
    return reasons;
  }

  private Choice attached() {
    if (from.layered()) {
      throw new RefusedException(
          "volume %s can't be attached: it is a clone, over what %s needs: set its strategy to copy for one upgrade"
              .formatted(name, "the version before " + old));
    }
    if (immutable) {
      return new Choice(Method.ATTACH, "as set; its files never change (immutable)");
    }
    String danger =
        "going back to %s would run it on data that the new version has changed".formatted(old);
    if (freezes) {
      throw new RefusedException(
          "volume %s can't be attached: services are frozen, and both versions would have its files open: set data.quiesce to stop, or its strategy to copy"
              .formatted(name));
    }
    if (!attach) {
      throw new RefusedException(
          "volume %s can't be attached: %s, and no snapshot is taken: declare it immutable, allow it (--allow-attach, data.allow-attach), or set its strategy to clone"
              .formatted(name, danger));
    }
    return new Choice(Method.ATTACH, "as set, and allowed", List.of(danger));
  }
}
