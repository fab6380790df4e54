package dev.orchestrator.capsule.runtime;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Layer;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.settings.Settings.ImageSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** How a capsule is run: its rights, volumes, environment. Reads the image folder at each call. */
public final class CapsuleSpecFactory {
  private final ImageSettings settings;

  public CapsuleSpecFactory(ImageSettings settings) {
    this.settings = settings;
  }

  /**
   * A capsule that the orchestrator tells what to do. It has no restart policy: which one runs
   * after a reboot is not the engine's to decide.
   *
   * @param image of the capsule
   * @param epoch the generation's number, for the lease
   * @param volumes its data
   * @param storeVolume of its inner engine, its own
   */
  public ContainerSpec managed(
      String name,
      String image,
      int epoch,
      List<DataVolume> volumes,
      String storeVolume,
      Map<String, String> labels) {
    RunFlags flags = RunFlags.read(settings.folder(), settings.privileged());
    List<Mount> mounts = new ArrayList<>();
    List<String> tmpfs = new ArrayList<>(flags.tmpfs());
    List<String> assembled = new ArrayList<>();
    for (DataVolume volume : volumes) {
      mount(volume, mounts, assembled);
      if (volume.main() && volume.layered()) {
        // In place of the volume that the image declares there.
        tmpfs.add("/data");
      }
    }
    mounts.add(Mount.of(storeVolume, "/var/lib/docker"));
    return new ContainerSpec(
        name,
        image,
        List.of(),
        List.of(),
        Map.of(
            "CAPSULE_MODE",
            "managed",
            "CAPSULE_EPOCH",
            Integer.toString(epoch),
            "CAPSULE_VOLUMES",
            String.join(" ", assembled)),
        labels,
        mounts,
        tmpfs,
        "bridge",
        flags.security(),
        flags.stopTimeout(),
        flags.logOptions());
  }

  /**
   * The main volume is at /data, unless it is layered. The others, and all layers, are at /layers,
   * for the capsule's volumes.sh to put in their places.
   */
  private static void mount(DataVolume volume, List<Mount> mounts, List<String> assembled) {
    if (volume.main() && !volume.layered()) {
      mounts.add(Mount.of(volume.volume(), volume.target()));
      return;
    }
    String folder = "/layers/" + volume.name() + "/";
    mounts.add(Mount.of(volume.volume(), folder + "top"));
    List<String> below = new ArrayList<>();
    for (Layer layer : volume.lowers()) {
      String place = Integer.toString(below.size() + 1);
      mounts.add(Mount.readOnly(layer.volume(), folder + place));
      below.add(layer.upper() ? place + "/" + layer.folder() : place);
    }
    assembled.add(volume.name() + "=" + String.join(",", below));
  }
}
