package dev.orchestrator.capsule.runtime;

import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Layer;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.settings.Settings.ImageSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Makes the specification of a capsule's container: its rights, volumes and environment. Reads the
 * file {@code run-flags} at each call.
 */
public final class CapsuleSpecFactory {
  /** An address that is nobody's (RFC 5737): some engines ask servers from outside the network. */
  private static final String NO_NAME_SERVER = "192.0.2.1";

  private final ImageSettings settings;
  private final Function<String, HostGrants> grants;

  /**
   * Makes specifications of capsules on one host.
   *
   * @param grants what the capsules of an image get of their host
   */
  public CapsuleSpecFactory(ImageSettings settings, Function<String, HostGrants> grants) {
    this.settings = settings;
    this.grants = grants;
  }

  /** The rights of a capsule that gets these grants. */
  public static ContainerSecurity security(ImageSettings settings, HostGrants granted) {
    boolean privileged = settings.privileged() || granted.privileged();
    ContainerSecurity usual = RunFlags.read(settings.folder(), privileged).security();
    Map<String, ContainerSecurity.Limit> limits = new TreeMap<>();
    granted
        .limits()
        .forEach((name, limit) ->
            limits.put(name, new ContainerSecurity.Limit(limit.soft(), limit.hard())));
    // All rights are all capabilities and devices.
    return privileged
        ? usual.with(List.of(), List.of(), List.of(), limits)
        : usual.with(granted.capabilities(), granted.devices(), granted.deviceRules(), limits);
  }

  /**
   * The container of a capsule that the orchestrator controls. It has no restart policy: the
   * orchestrator decides which capsule runs after a reboot.
   *
   * @param image of the capsule
   * @param epoch the generation's number, for the lease
   * @param volumes its data volumes
   * @param storeVolume for its inner engine; no other container uses it
   */
  public ContainerSpec managed(
      String name,
      String image,
      int epoch,
      List<DataVolume> volumes,
      String storeVolume,
      Map<String, String> labels) {
    HostGrants granted = grants.apply(image);
    RunFlags flags = RunFlags.read(settings.folder(), settings.privileged());
    List<Mount> mounts = new ArrayList<>();
    List<String> tmpfs = new ArrayList<>(flags.tmpfs());
    List<String> assembled = new ArrayList<>();
    for (DataVolume volume : volumes) {
      mount(volume, mounts, assembled);
      if (volume.main() && volume.layered()) {
        // Takes the place of the volume that the image declares at /data.
        tmpfs.add("/data");
      }
    }
    mounts.add(Mount.of(storeVolume, "/var/lib/docker"));
    for (HostGrants.Path path : granted.paths()) {
      mounts.add(new Mount(path.path(), path.target(), path.readOnly(), path.propagation()));
    }
    Map<String, String> env = new TreeMap<>();
    env.put("CAPSULE_MODE", "managed");
    env.put("CAPSULE_EPOCH", Integer.toString(epoch));
    env.put("CAPSULE_VOLUMES", String.join(" ", assembled));
    if (!granted.zone().isEmpty()) {
      env.put(HostGrants.ZONE, granted.zone());
    }
    return new ContainerSpec(
        name,
        image,
        List.of(),
        List.of(),
        env,
        labels,
        mounts,
        tmpfs,
        "bridge",
        List.of(),
        security(settings, granted),
        flags.stopTimeout(),
        flags.logOptions());
  }

  /**
   * The container of a capsule that nobody but this service reaches, and that reaches and changes
   * nothing outside of its own volumes: it may read the host's paths, its services with {@code
   * network_mode: host} are in the capsule's network, and it has none of the devices that one
   * program alone can use.
   *
   * @param network a network without a way out
   */
  public static ContainerSpec isolated(ContainerSpec managed, String network) {
    return managed
        .withMounts(
            managed.mounts().stream()
                .filter(mount -> !HostGrants.isNetwork(mount.source()))
                .map(mount ->
                    mount.hostPath()
                        ? new Mount(mount.source(), mount.target(), true, mount.propagation())
                        : mount)
                .toList())
        .withSecurity(
            managed
                .security()
                .withDevices(
                    managed.security().devices().stream().filter(HostGrants::isShared).toList()))
        .withNetwork(network)
        .withNameServers(List.of(NO_NAME_SERVER));
  }

  /**
   * Mounts a data volume. The main volume is at /data, unless it is layered. All others, and all
   * layers, are below /layers, from where the capsule's volumes.sh mounts them in their places.
   */
  private static void mount(DataVolume volume, List<Mount> mounts, List<String> assembled) {
    if (volume.main() && !volume.layered()) {
      mounts.add(Mount.of(volume.volume(), volume.target()));
      return;
    }
    String folder = "/layers/" + volume.name() + "/";
    mounts.add(Mount.of(volume.volume(), folder + "top"));
    List<String> lowers = new ArrayList<>();
    for (Layer layer : volume.lowers()) {
      String number = Integer.toString(lowers.size() + 1);
      mounts.add(Mount.readOnly(layer.volume(), folder + number));
      lowers.add(layer.upper() ? number + "/" + layer.folder() : number);
    }
    assembled.add(volume.name() + "=" + String.join(",", lowers));
  }
}
