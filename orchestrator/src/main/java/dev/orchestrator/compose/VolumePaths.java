package dev.orchestrator.compose;

import dev.orchestrator.settings.VolumeSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Finds the place below /data of a path: in the main volume, or in a volume of stack.conf. */
final class VolumePaths {
  private final ComposeFindings findings;
  private final List<VolumeSettings> volumes;
  private final Set<String> used = new TreeSet<>();

  VolumePaths(ComposeFindings findings, List<VolumeSettings> volumes) {
    this.findings = findings;
    this.volumes = volumes;
  }

  /**
   * The path below /data of a volume or folder that a service mounts.
   *
   * @param user the service or volume that mounts it, for a message
   * @param path such as {@code binds/media} or {@code volumes/db}
   */
  String of(String user, String path) {
    for (VolumeSettings volume : volumes) {
      for (String held : volume.paths()) {
        if (Path.of(path).startsWith(held)) {
          used.add(held);
          return "/data/extra/" + volume.name() + "/" + path;
        }
        if (Path.of(held).startsWith(path)) {
          findings.refuse(
              "%s mounts %s, but data.volumes puts a part of that, %s, into the volume %s: name %s in data.volumes too"
                  .formatted(
                      user,
                      VolumeSettings.shown(path),
                      VolumeSettings.shown(held),
                      volume.name(),
                      VolumeSettings.shown(path)));
        }
      }
    }
    return "/data/" + path;
  }

  /**
   * Warns of paths in data.volumes that no service mounts, which may be a mistake. To be called
   * once all mounts have their place.
   */
  void warnOfUnused() {
    for (VolumeSettings volume : volumes) {
      for (String path : volume.paths()) {
        if (!used.contains(path)) {
          findings.warn(
              "no service of this version mounts %s, which data.volumes has in the volume %s"
                  .formatted(VolumeSettings.shown(path), volume.name()));
        }
      }
    }
  }
}
