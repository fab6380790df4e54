package dev.orchestrator.engine;

import com.github.dockerjava.api.model.BindOptions;
import com.github.dockerjava.api.model.BindPropagation;
import com.github.dockerjava.api.model.Device;
import com.github.dockerjava.api.model.DockerObjectAccessor;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.MountType;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import com.github.dockerjava.api.model.Ulimit;
import com.github.dockerjava.api.model.VolumeOptions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Translates a {@link ContainerSpec} to the client library's host configuration. */
final class HostConfigFactory {
  private HostConfigFactory() {}

  static HostConfig of(ContainerSpec spec) {
    ContainerSecurity security = spec.security();
    HostConfig host =
        HostConfig.newHostConfig()
            .withMounts(spec.mounts().stream().map(HostConfigFactory::mount).toList())
            .withTmpFs(tmpfs(spec.tmpfs()))
            .withNetworkMode(spec.network())
            .withPrivileged(security.privileged())
            .withSecurityOpts(security.options())
            .withDeviceCgroupRules(security.deviceCgroupRules());
    if (!spec.published().isEmpty()) {
      host.withPortBindings(spec.published().stream().map(HostConfigFactory::binding).toList());
    }
    if (!security.devices().isEmpty()) {
      host.withDevices(
          security.devices().stream().map(path -> new Device("rwm", path, path)).toList());
    }
    if (!spec.nameServers().isEmpty()) {
      host.withDns(spec.nameServers());
    }
    if (!security.limits().isEmpty()) {
      host.withUlimits(
          security.limits().entrySet().stream()
              .map(limit ->
                  new Ulimit(limit.getKey(), limit.getValue().soft(), limit.getValue().hard()))
              .toList());
    }
    // As text: the library's enum lacks the kernel's newer capabilities.
    if (!security.capabilities().isEmpty()) {
      DockerObjectAccessor.overrideRawValue(host, "CapAdd", security.capabilities());
    }
    if (security.dropAll()) {
      DockerObjectAccessor.overrideRawValue(host, "CapDrop", List.of("ALL"));
    }
    if (!spec.logOptions().isEmpty()) {
      // Without a type the engine takes its default driver, as it does for `docker run --log-opt`.
      host.withLogConfig(new LogConfig(null, spec.logOptions()));
    }
    if (!security.maskedPaths()) {
      DockerObjectAccessor.overrideRawValue(host, "MaskedPaths", List.of());
      DockerObjectAccessor.overrideRawValue(host, "ReadonlyPaths", List.of());
    }
    return host;
  }

  private static PortBinding binding(PublishedPort port) {
    return new PortBinding(Ports.Binding.bindIpAndPort(port.host(), port.port()), exposed(port));
  }

  static ExposedPort exposed(PublishedPort port) {
    return port.udp() ? ExposedPort.udp(port.inner()) : ExposedPort.tcp(port.inner());
  }

  /**
   * Without the engine's copy of what the image has at that path: a data volume holds data alone.
   */
  private static com.github.dockerjava.api.model.Mount mount(Mount mount) {
    com.github.dockerjava.api.model.Mount result =
        new com.github.dockerjava.api.model.Mount()
            .withSource(mount.source())
            .withTarget(mount.target())
            .withReadOnly(mount.readOnly());
    if (mount.hostPath()) {
      return mount.propagation().isEmpty()
          ? result.withType(MountType.BIND)
          : result
              .withType(MountType.BIND)
              .withBindOptions(
                  new BindOptions()
                      .withPropagation(
                          BindPropagation.valueOf(
                              mount
                                  .propagation()
                                  .replaceFirst("^r", "R_")
                                  .toUpperCase(Locale.ROOT))));
    }
    return result
        .withType(MountType.VOLUME)
        .withVolumeOptions(new VolumeOptions().withNoCopy(true));
  }

  private static Map<String, String> tmpfs(List<String> paths) {
    Map<String, String> result = new LinkedHashMap<>();
    for (String path : paths) {
      int colon = path.indexOf(':');
      result.put(
          colon < 0 ? path : path.substring(0, colon), colon < 0 ? "" : path.substring(colon + 1));
    }
    return result;
  }
}
