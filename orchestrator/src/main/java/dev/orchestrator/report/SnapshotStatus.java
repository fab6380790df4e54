package dev.orchestrator.report;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.SnapshotRecord.Proof;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot, as {@code snapshot list} and {@code snapshot show} have it.
 *
 * @param generation the number that its data has, which the run that made it has as {@code to}
 * @param reason why it was made: manual, schedule, before upgrade, before restore, set aside
 * @param created the moment that its data is of
 * @param bytes size of its data; -1 where it was not measured
 * @param shared how many of these bytes others have too, so that they stay when it is deleted; -1
 *     where that is not known
 * @param sizesAt when that was so
 * @param pauseMillis how long clients waited for it at most
 * @param proven when it was last started and found healthy; null for never
 * @param lastProof the last proof, whatever it has found; null for none
 * @param image the engine's id of the version's image
 * @param layersOver versions whose data is a layer over it, so that it can't be deleted
 */
public record SnapshotStatus(
    String name,
    String version,
    int generation,
    String reason,
    Instant created,
    long bytes,
    long shared,
    Instant sizesAt,
    long pauseMillis,
    @Nullable Instant proven,
    @Nullable Proof lastProof,
    String image,
    List<Volume> volumes,
    List<String> layersOver) {

  /**
   * A volume of a snapshot.
   *
   * @param volume the engine's name for it
   * @param method how it got its data: copy, reflink, or attach for a volume that is shared
   * @param lowers the layers below it, the nearest first
   */
  public record Volume(String name, String volume, String method, List<DataVolume.Layer> lowers) {}

  /** Describes a snapshot whose data is a generation's. */
  public static SnapshotStatus of(
      SnapshotRecord snapshot,
      Generation generation,
      SnapshotSizes.Sizes sizes,
      List<String> layersOver) {
    return new SnapshotStatus(
        snapshot.name(),
        generation.version(),
        generation.number(),
        snapshot.reason().text(),
        snapshot.created(),
        sizes.bytes(),
        sizes.shared(),
        sizes.at(),
        snapshot.pauseMillis(),
        snapshot.proven(),
        snapshot.lastProof(),
        generation.image(),
        generation.volumes().stream().map(SnapshotStatus::volume).toList(),
        layersOver);
  }

  private static Volume volume(DataVolume volume) {
    return new Volume(
        volume.name(),
        volume.volume(),
        volume.method().name().toLowerCase(Locale.ROOT),
        volume.lowers());
  }
}
