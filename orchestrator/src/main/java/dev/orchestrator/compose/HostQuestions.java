package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.GrantSettings;
import dev.orchestrator.settings.GrantSettings.HostPath;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What must be asked of the engine's host before a compose file can be judged.
 *
 * @param devices whether it names devices
 * @param limits whether a service sets limits of processes
 * @param network whether a service is to be in the host's network
 * @param zone whether it mounts the host's time zone
 * @param paths granted paths of the host that it uses, and those below them that it names, each
 *     with the wanted propagation of mounts: {@code rslave} or {@code rshared}
 */
public record HostQuestions(
    boolean devices, boolean limits, boolean network, boolean zone, Map<String, String> paths) {
  /** The host's time zone: its rules, and its name. */
  static final Set<String> ZONE_FILES = Set.of("/etc/localtime", "/etc/timezone");

  private static final Path DEVICES = Path.of("/dev");

  public HostQuestions {
    paths = Map.copyOf(paths);
  }

  /** The questions of a compose file, of a stack with these grants. */
  public static HostQuestions of(ComposeModel model, GrantSettings grants) {
    boolean devices = false;
    boolean limits = false;
    boolean network = false;
    boolean zone = false;
    Map<String, String> paths = new TreeMap<>();
    ReleaseLinks links = new ReleaseLinks(model);
    for (ObjectNode service : model.services().values()) {
      devices |= !service.path("devices").isEmpty();
      limits |= !service.path("ulimits").isEmpty();
      network |= grants.hostNetwork() && HostNetwork.asks(service);
      for (JsonNode mount : service.path("volumes")) {
        if (mount.path("type").asText("").equals("bind")) {
          Path source = path(links, mount.path("source"));
          devices |= source.startsWith(DEVICES);
          zone |= ZONE_FILES.contains(source.toString());
          ask(paths, grants, source, mount.at("/bind/propagation").asText(""));
        }
      }
    }
    for (ObjectNode volume : model.children("volumes").values()) {
      ask(paths, grants, path(links, volume.at("/driver_opts/device")), "");
    }
    for (String key : Set.of("configs", "secrets")) {
      for (ObjectNode item : model.children(key).values()) {
        ask(paths, grants, path(links, item.path("file")), "");
      }
    }
    return new HostQuestions(devices, limits, network, zone, paths);
  }

  private static void ask(
      Map<String, String> paths, GrantSettings grants, Path source, String propagation) {
    String wanted = propagation.endsWith("shared") ? "rshared" : "rslave";
    granted(grants, source)
        .ifPresent(grant -> {
          paths.merge(grant.path(), wanted, (a, b) -> a.equals("rshared") ? a : b);
          paths.putIfAbsent(source.toString(), "rslave");
        });
  }

  /** The narrowest grant of a path of the host. */
  static Optional<HostPath> granted(GrantSettings grants, Path source) {
    return grants.hostPaths().stream()
        .filter(grant -> grant.covers(source))
        .reduce((a, b) -> a.path().length() > b.path().length() ? a : b);
  }

  private static Path path(ReleaseLinks links, JsonNode source) {
    return links.of(Path.of(ComposeModel.text(source)));
  }
}
