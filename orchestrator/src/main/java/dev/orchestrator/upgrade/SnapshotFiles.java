package dev.orchestrator.upgrade;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.settings.VolumeSettings;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Takes single files and folders out of snapshots, while the services run. Blocks. */
public final class SnapshotFiles {
  private static final Duration TIMEOUT = Duration.ofMinutes(20);
  private static final Duration LOCK_WAIT = Duration.ofSeconds(30);

  /** Where files wait in a volume for being put in their places: no copy has what is there. */
  private static final String FOLDER = ".orchestrator/restore";

  /** The same in a clone, beside the layer that is mounted. */
  private static final String FOLDER_OF_CLONE = "restore";

  private final UpgradeContext context;

  SnapshotFiles(UpgradeContext context) {
    this.context = context;
  }

  /**
   * A path as the author of the compose file writes it, as its place in the data.
   *
   * @param shown {@code VOLUME/FILE} of a named volume, or {@code ./FILE} of the project's folder
   */
  public static String place(String shown) {
    String path = shown.startsWith("./") ? "binds/" + shown.substring(2) : "volumes/" + shown;
    try {
      Path normal = Path.of(path).normalize();
      if (shown.isEmpty()
          || shown.startsWith("/")
          || shown.contains("\n")
          || !normal.equals(Path.of(path))
          || normal.getNameCount() < 2) {
        throw new RefusedException(
            "\"%s\" is no file of a volume: write VOLUME/FILE of a named volume, or ./FILE of a folder that the compose file mounts, without '..'"
                .formatted(shown.replaceAll("\\p{Cntrl}", "?")));
      }
      return normal.toString();
    } catch (InvalidPathException e) {
      throw new RefusedException("that is no path: " + e.getReason(), e);
    }
  }

  /**
   * Copies a file or folder of a snapshot into a folder of the engine's host.
   *
   * @param place as {@link #place} has it
   * @param folder an absolute path
   */
  public TakenFiles copyTo(SnapshotRecord snapshot, String place, String folder) {
    if (!folder.startsWith("/")) {
      throw new RefusedException(
          "\"%s\" is no absolute path of the engine's host".formatted(folder));
    }
    return named(take(snapshot, place, folder, ""), folder);
  }

  /**
   * Puts a file or folder of a snapshot in its place in the data of what serves, whose services run
   * on. Its owner, mode, times and attributes are the snapshot's; other files stay.
   *
   * @param place as {@link #place} has it
   */
  public TakenFiles restore(SnapshotRecord snapshot, String place, Generation serving) {
    DataVolume from = volumeOf(context.snapshots().generationOf(snapshot), place);
    DataVolume to = volumeOf(serving, place);
    if (to.volume().equals(from.volume())) {
      throw new RefusedException(
          "%s is in the volume %s, which snapshot %s and what serves have together: nothing to restore"
              .formatted(VolumeSettings.shown(place), to.name(), snapshot.name()));
    }
    String folder = to.layered() ? FOLDER_OF_CLONE : FOLDER;
    TakenFiles _ = take(snapshot, place, to.volume(), folder);
    if (!context.servingLock().acquire(LOCK_WAIT)) {
      throw new RefusedException(
          "what serves is being started or stopped: wait for that ('orchestrator status')");
    }
    try {
      if (context.journal().serving().filter(serving::equals).isEmpty()) {
        throw new RefusedException("another version serves now: try again");
      }
      String at =
          to.main() && !to.layered()
              ? "/data/" + folder
              : "/layers/" + to.name() + "/top/" + folder;
      TakenFiles taken = context.capsule(serving).takeIn(at, to.target(), place, TIMEOUT);
      return named(taken, parent(VolumeSettings.shown(place)));
    } finally {
      context.servingLock().release();
    }
  }

  private static String parent(String path) {
    return path.contains("/") ? path.substring(0, path.lastIndexOf('/')) : "";
  }

  /** The same with whole paths. */
  private static TakenFiles named(TakenFiles files, String folder) {
    String prefix = folder.isEmpty() || folder.endsWith("/") ? folder : folder + "/";
    return new TakenFiles(
        files.replaced().stream().map(name -> prefix + name).toList(),
        files.added().stream().map(name -> prefix + name).toList(),
        files.bytes());
  }

  private TakenFiles take(SnapshotRecord snapshot, String place, String to, String folder) {
    Map<String, String> labels = context.names().helperLabels("snapshot", ResourceNames.LOOK);
    try {
      return context
          .copier()
          .take(
              volumeOf(context.snapshots().generationOf(snapshot), place),
              place,
              to,
              folder,
              labels,
              TIMEOUT);
    } catch (DataException e) {
      String why = String.valueOf(e.getMessage());
      if (why.contains("bind source path does not exist")) {
        throw new RefusedException("there is no folder " + to + " on the engine's host", e);
      }
      throw new RefusedException("snapshot " + snapshot.name() + ": " + why, e);
    }
  }

  /** The volume of a generation that has a place: the main one, unless another holds it. */
  private static DataVolume volumeOf(Generation generation, String place) {
    return generation.volumes().stream()
        .filter(volume -> volume.paths().stream().anyMatch(held -> Path.of(place).startsWith(held)))
        .findFirst()
        .or(() -> DataPlanner.findVolume(generation, DataVolume.MAIN))
        .orElseThrow(() ->
            new RefusedException(
                VolumeSettings.shown(place) + " is in a volume that the snapshot leaves out"));
  }
}
