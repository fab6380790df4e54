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
    String volume,
    String servingVersion,
    boolean immutable,
    DataVolume from,
    VolumeUsage usage,
    CloneSupport cloneSupport,
    boolean freezes,
    boolean attachAllowed) {
  /** Reading through more costs more, and what is at the bottom can't be removed. */
  public static final int MAX_LAYERS = 3;

  /** A layer takes a file whole at the first write to it: this much for as long as a hold. */
  static final long LARGE_FILE_BYTES = 1L << 30;

  /** What was chosen. */
  record Choice(Method method, String why, List<String> warnings) {
    Choice(Method method, String why) {
      this(method, why, List.of());
    }
  }

  Choice choose(Strategy strategy) {
    return switch (strategy) {
      case COPY -> new Choice(Method.COPY, "as set");
      case CLONE -> requestedClone();
      case ATTACH -> requestedAttach();
      case AUTO -> chooseAutomatically();
    };
  }

  private Choice chooseAutomatically() {
    if (immutable && !from.layered()) {
      return new Choice(Method.ATTACH, "its files never change (immutable)");
    }
    if (usage.share()) {
      return reflink();
    }
    List<String> reasons = new ArrayList<>(overlayObstacles());
    reasons.addAll(overlayDrawbacks());
    return reasons.isEmpty() ? overlay(List.of()) : new Choice(Method.COPY, reasons.getFirst());
  }

  private Choice requestedClone() {
    if (usage.share()) {
      return reflink();
    }
    if (hasMaxLayers()) {
      return new Choice(Method.COPY, maxLayersReason());
    }
    List<String> obstacles = overlayObstacles();
    if (!obstacles.isEmpty()) {
      throw new RefusedException(
          "volume %s can't be cloned: %s: set its strategy to copy or auto"
              .formatted(volume, obstacles.getFirst()));
    }
    return overlay(overlayDrawbacks());
  }

  private Choice reflink() {
    return new Choice(
        Method.REFLINK, "files can share their blocks on " + usage.fileSystem() + ": a clone");
  }

  private Choice overlay(List<String> warnings) {
    return new Choice(
        Method.OVERLAY,
        "a layer over %s's data: a clone, whatever the size".formatted(servingVersion),
        warnings);
  }

  private boolean hasMaxLayers() {
    return from.layers().size() >= MAX_LAYERS;
  }

  private String maxLayersReason() {
    return "a clone would be its layer number %d: a copy makes it one again"
        .formatted(from.layers().size() + 1);
  }

  /** Why it can't be a layer. */
  private List<String> overlayObstacles() {
    List<String> reasons = new ArrayList<>();
    if (hasMaxLayers()) {
      reasons.add(maxLayersReason());
    }
    if (freezes) {
      reasons.add("what is frozen may still write when it ends, and nothing may below a clone");
    }
    if (!cloneSupport.overlay()) {
      reasons.add("a clone can't be mounted on this host (" + cloneSupport.why() + ")");
    }
    return reasons;
  }

  /** Why it had better not be one. */
  private List<String> overlayDrawbacks() {
    List<String> reasons = new ArrayList<>();
    if (usage.links() > 0 && !cloneSupport.links()) {
      reasons.add(
          "%,d of its files have several names, and a clone on this host would part them"
              .formatted(usage.links()));
    }
    if (usage.largest() > LARGE_FILE_BYTES) {
      reasons.add(
          "a database file of %s would be copied whole at the first write to its clone"
              .formatted(HumanText.bytes(usage.largest())));
    }
    return reasons;
  }

  private Choice requestedAttach() {
    if (from.layered()) {
      throw new RefusedException(
          "volume %s can't be attached: it is a clone, over what %s needs: set its strategy to copy for one upgrade"
              .formatted(volume, "the version before " + servingVersion));
    }
    if (immutable) {
      return new Choice(Method.ATTACH, "as set; its files never change (immutable)");
    }
    String danger =
        "going back to %s would run it on data that the new version has changed"
            .formatted(servingVersion);
    if (freezes) {
      throw new RefusedException(
          "volume %s can't be attached: services are frozen, and both versions would have its files open: set data.quiesce to stop, or its strategy to copy"
              .formatted(volume));
    }
    if (!attachAllowed) {
      throw new RefusedException(
          "volume %s can't be attached: %s, and no snapshot is taken: declare it immutable, allow it (--allow-attach, data.allow-attach), or set its strategy to clone"
              .formatted(volume, danger));
    }
    return new Choice(Method.ATTACH, "as set, and allowed", List.of(danger));
  }
}
