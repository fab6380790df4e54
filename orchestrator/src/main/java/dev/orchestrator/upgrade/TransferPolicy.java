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
 * Chooses the method by which one data volume gets to the next version, with the reason. A
 * configured strategy that can't be carried out is a {@link RefusedException}.
 *
 * @param volume name of the volume in stack.conf
 * @param servingVersion version that serves now, for messages
 * @param immutable whether the volume's files never change
 * @param from the volume of the version that serves
 * @param usage size and file system of {@code from}
 * @param cloneSupport what the host can mount
 * @param freezes whether any service is frozen rather than stopped
 * @param attachAllowed whether a volume that is not immutable may be attached
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
  /**
   * An upgrade copies rather than add a layer beyond this: each layer makes reads slower, and the
   * lowest volumes can't be removed while a layer is above them.
   */
  public static final int MAX_LAYERS = 3;

  /**
   * Bytes. An overlay copies a whole file at the first write to it; a file above this size would
   * take about as long as a hold.
   */
  static final long LARGE_FILE_BYTES = 1L << 30;

  /** The method, the reason for it, and warnings for a person, a line each. */
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
    return "a clone would be its layer number %d: a copy makes a single layer of it"
        .formatted(from.layers().size() + 1);
  }

  /** Reasons for which an overlay is impossible. */
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

  /** Reasons for which a copy is better than an overlay. */
  private List<String> overlayDrawbacks() {
    List<String> reasons = new ArrayList<>();
    if (usage.links() > 0 && !cloneSupport.links()) {
      reasons.add(
          "%,d of its files are hard links, which a clone on this host would break"
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
