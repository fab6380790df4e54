package dev.orchestrator.compose;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the container of a capsule gets of its host beside the usual run flags, for the services of
 * its compose file. As text it is a flag of {@code docker run} a line, which is how a capsule image
 * has it in a label.
 *
 * @param privileged whether it needs all rights
 * @param paths of the host
 * @param devices paths below /dev
 * @param deviceRules such as {@code c 188:* rwm}
 * @param capabilities without the {@code CAP_} prefix
 * @param limits what a service's limits are raised to, by the name that Docker has for each
 * @param zone the host's time zone; empty when no service asks for it
 */
public record HostGrants(
    boolean privileged,
    List<Path> paths,
    List<String> devices,
    List<String> deviceRules,
    List<String> capabilities,
    Map<String, Limit> limits,
    String zone) {
  /**
   * Where the host's network namespace is: of its first process, or, where the engine may not read
   * that, as in some sandboxes, where the engine keeps it for containers in the host's network.
   */
  public static final List<String> HOST_NETWORKS =
      List.of("/proc/1/ns/net", "/run/docker/netns/default");

  /** Nothing. */
  public static final HostGrants NONE =
      new HostGrants(false, List.of(), List.of(), List.of(), List.of(), Map.of(), "");

  /** Environment variable of a capsule: the host's time zone. */
  public static final String ZONE = "CAPSULE_ZONE";

  /** Where a capsule has the paths of its host. */
  public static final String FOLDER = "/host";

  /**
   * A path of the host, which is below {@value #FOLDER} in the capsule.
   *
   * @param propagation how mounts below it go through
   */
  public record Path(String path, boolean readOnly, String propagation) {
    /** Where it is in the capsule. */
    public String target() {
      return FOLDER + path;
    }
  }

  /** A limit of processes; -1 is none. */
  public record Limit(long soft, long hard) {}

  public HostGrants {
    paths = List.copyOf(paths);
    devices = List.copyOf(devices);
    deviceRules = List.copyOf(deviceRules);
    capabilities = List.copyOf(capabilities);
    limits = Map.copyOf(limits);
  }

  /** Devices that several programs use side by side, and those below them. */
  private static final List<String> SHARED_DEVICES =
      List.of("/dev/dri", "/dev/fuse", "/dev/kfd", "/dev/kvm", "/dev/net/tun", "/dev/nvidia");

  /** Whether two programs may use a device of the host at the same time. */
  public static boolean isShared(String device) {
    return SHARED_DEVICES.stream().anyMatch(device::startsWith);
  }

  /** Whether a path of the host is its network. */
  public static boolean isNetwork(String path) {
    return HOST_NETWORKS.contains(path);
  }

  /** The same, with paths that can only be read. */
  public HostGrants withReadOnlyPaths() {
    return new HostGrants(
        privileged,
        paths.stream().map(path -> new Path(path.path(), true, path.propagation())).toList(),
        devices,
        deviceRules,
        capabilities,
        limits,
        zone);
  }

  /** Whether a capsule needs a trial before it is known that the engine gives it all of this. */
  public boolean needsTrial() {
    return privileged
        || !devices.isEmpty()
        || !deviceRules.isEmpty()
        || !capabilities.isEmpty()
        || !limits.isEmpty();
  }

  /** The flags, one a line; empty when there are none. */
  public String flags() {
    List<String> lines = new ArrayList<>();
    if (privileged) {
      lines.add("--privileged");
    }
    capabilities.stream().sorted().forEach(name -> lines.add("--cap-add=" + name));
    devices.stream().sorted().forEach(device -> lines.add("--device=" + device));
    deviceRules.stream().sorted().forEach(rule -> lines.add("--device-cgroup-rule=" + rule));
    new TreeMap<>(limits)
        .forEach((name, limit) ->
            lines.add("--ulimit=%s=%d:%d".formatted(name, limit.soft(), limit.hard())));
    for (Path path : paths) {
      lines.add(
          "--mount=type=bind,source=%s,target=%s%s,bind-propagation=%s"
              .formatted(
                  path.path(),
                  path.target(),
                  path.readOnly() ? ",readonly" : "",
                  path.propagation()));
    }
    if (!zone.isEmpty()) {
      lines.add("--env=" + ZONE + "=" + zone);
    }
    return String.join("\n", lines);
  }

  /** Reads what {@link #flags} has written; flags that aren't known are left out. */
  public static HostGrants parse(String flags) {
    List<Path> paths = new ArrayList<>();
    List<String> devices = new ArrayList<>();
    List<String> rules = new ArrayList<>();
    List<String> capabilities = new ArrayList<>();
    Map<String, Limit> limits = new TreeMap<>();
    boolean privileged = false;
    String zone = "";
    for (String line : flags.lines().toList()) {
      int equals = line.indexOf('=');
      String value = line.substring(equals + 1);
      switch (equals < 0 ? line : line.substring(0, equals)) {
        case "--privileged" -> privileged = true;
        case "--cap-add" -> capabilities.add(value);
        case "--device" -> devices.add(value);
        case "--device-cgroup-rule" -> rules.add(value);
        case "--ulimit" -> {
          String[] parts = value.split("[=:]", 3);
          limits.put(parts[0], new Limit(Long.parseLong(parts[1]), Long.parseLong(parts[2])));
        }
        case "--mount" -> paths.add(mount(value));
        case "--env" ->
            zone = value.startsWith(ZONE + "=") ? value.substring(ZONE.length() + 1) : zone;
        default -> {}
      }
    }
    return new HostGrants(privileged, paths, devices, rules, capabilities, limits, zone);
  }

  private static Path mount(String value) {
    Map<String, String> parts = new TreeMap<>();
    for (String part : value.split(",", -1)) {
      int equals = part.indexOf('=');
      parts.put(
          equals < 0 ? part : part.substring(0, equals),
          equals < 0 ? "" : part.substring(equals + 1));
    }
    return new Path(
        parts.getOrDefault("source", ""),
        parts.containsKey("readonly"),
        parts.getOrDefault("bind-propagation", "rprivate"));
  }
}
