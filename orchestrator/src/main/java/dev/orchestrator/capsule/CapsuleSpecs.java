package dev.orchestrator.capsule;

import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.settings.Settings.ImageSettings;
import java.util.List;
import java.util.Map;

/** How a capsule is run: its rights, volumes, environment. Reads the image folder at each call. */
public final class CapsuleSpecs {
  private final ImageSettings settings;

  public CapsuleSpecs(ImageSettings settings) {
    this.settings = settings;
  }

  /**
   * A capsule that the orchestrator tells what to do. It has no restart policy: which one runs
   * after a reboot is not the engine's to decide.
   *
   * @param image of the capsule
   * @param epoch the generation's number, for the lease
   * @param dataVolume at /data
   * @param storeVolume of its inner engine, its own
   */
  public ContainerSpec managed(
      String name,
      String image,
      int epoch,
      String dataVolume,
      String storeVolume,
      Map<String, String> labels) {
    RunFlags flags = RunFlags.read(settings.folder(), settings.privileged());
    return new ContainerSpec(
        name,
        image,
        List.of(),
        List.of(),
        Map.of("CAPSULE_MODE", "managed", "CAPSULE_EPOCH", Integer.toString(epoch)),
        labels,
        List.of(Mount.of(dataVolume, "/data"), Mount.of(storeVolume, "/var/lib/docker")),
        flags.tmpfs(),
        "bridge",
        flags.security(),
        flags.stopTimeout());
  }
}
