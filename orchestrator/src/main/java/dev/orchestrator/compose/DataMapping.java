package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.compose.CapsuleStack.SeedFile;
import dev.orchestrator.files.ContentDigest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Moves all volumes of a stack below /data: named ones, anonymous ones, and those that images
 * declare. Changes the model that it is given. {@link BindMapping} does it for bind mounts.
 */
final class DataMapping {
  private static final String VOLUMES = "volumes/";
  private static final Set<String> NOT_DATA = Set.of("nfs", "nfs4", "cifs", "tmpfs");

  private final Set<String> imported;
  private final ComposeFindings findings;
  private final ComposeModel model;
  private final VolumePaths volumePaths;
  private final BindMapping binds;
  private final Set<String> dirs = new TreeSet<>();

  /**
   * Maps the volumes of a model.
   *
   * @param imported names of volumes that begin as a copy of the host's
   */
  DataMapping(
      ComposeFindings findings,
      ComposeModel model,
      VolumePaths volumePaths,
      Collection<String> imported,
      HostPathMapping hostPaths) {
    this.imported = Set.copyOf(imported);
    this.findings = findings;
    this.model = model;
    this.volumePaths = volumePaths;
    this.binds = new BindMapping(findings, model, volumePaths, hostPaths);
    model.children("volumes").forEach(this::volume);
    binds.files("configs");
    binds.files("secrets");
  }

  /**
   * Maps the mounts of a service, and the volumes that its image declares beside them.
   *
   * @param imageVolumes what images declare, by service
   */
  void map(String name, ObjectNode service, Map<String, List<String>> imageVolumes) {
    Set<String> covered = new HashSet<>();
    binds.profiles("service " + name, service);
    for (String path : ComposeModel.texts(service.path("tmpfs"))) {
      covered.add(normal(path.replaceFirst(":.*", "")));
    }
    int replicas = Replicas.of(service);
    Set<String> own = new TreeSet<>();
    List<JsonNode> mounts = new ArrayList<>();
    service.path("volumes").forEach(mounts::add);
    for (JsonNode node : mounts) {
      ObjectNode mount = (ObjectNode) node;
      String target = ComposeModel.text(mount.path("target"));
      covered.add(normal(target));
      switch (mount.path("type").asText("")) {
        case "bind" -> binds.mount(name, mount);
        case "volume" -> {
          if (mount.path("source").asText("").isEmpty()) {
            if (replicas == 1) {
              mount.put("source", anonymous(name, target));
            } else {
              own.add(normal(target));
            }
          }
        }
        case "tmpfs" -> {}
        default ->
            findings.refuse(
                "service %s has a mount of type %s at %s, which capsules don't support"
                    .formatted(name, mount.path("type").asText("?"), target));
      }
    }
    cover(covered, service, imageVolumes, new HashSet<>(Set.of(name)));
    for (String path : new TreeSet<>(imageVolumes.getOrDefault(name, List.of()))) {
      if (!covered.add(normal(path))) {
        continue;
      }
      if (replicas == 1) {
        service
            .withArrayProperty("volumes")
            .addObject()
            .put("type", "volume")
            .put("source", anonymous(name, path))
            .put("target", ComposeModel.escaped(path));
      } else {
        own.add(normal(path));
      }
    }
    if (!own.isEmpty()) {
      findings.warn(
          "service %s: each of its %d containers has a volume of its own at %s, as in plain Compose: it begins empty in each version; write a named volume to keep what is in it"
              .formatted(name, replicas, String.join(", ", own)));
    }
    binds.showWritten(name, service, covered);
  }

  /**
   * Adds the places that a service has from others ({@code volumes_from}): these go before the
   * volumes of its image, which would hide them as mounts of their own.
   *
   * @param seen services that were looked at
   */
  private void cover(
      Set<String> covered,
      ObjectNode service,
      Map<String, List<String>> imageVolumes,
      Set<String> seen) {
    for (String from : ComposeModel.texts(service.path("volumes_from"))) {
      String other = from.replaceFirst(":.*", "");
      ObjectNode source = model.services().get(other);
      if (source != null && seen.add(other)) {
        for (JsonNode mount : source.path("volumes")) {
          covered.add(normal(ComposeModel.text(mount.path("target"))));
        }
        imageVolumes.getOrDefault(other, List.of()).forEach(path -> covered.add(normal(path)));
        cover(covered, source, imageVolumes, seen);
      }
    }
  }

  /** To be called once all services are mapped. */
  void finish() {
    dirs.addAll(binds.dirs());
    volumePaths.warnOfUnused();
  }

  List<String> dirs() {
    return List.copyOf(dirs);
  }

  List<SeedFile> seedFiles() {
    return binds.seedFiles();
  }

  List<String> variables() {
    return binds.variables();
  }

  private void volume(String name, ObjectNode volume) {
    if (volume.path("external").asBoolean()) {
      if (!imported.contains(name)) {
        findings.refuse(
            "volume " + name,
            "external",
            "a capsule does not use volumes of the host. Remove 'external', and the volume is the stack's own and begins empty; or let it begin as a copy of the host's, in stack.conf: data.import = [ { volume = %s, from = %s } ]"
                .formatted(name, volume.path("name").asText(name)));
        return;
      }
      volume.remove("external");
      volume.remove("driver");
      local(name, volume);
      return;
    }
    String driver = volume.path("driver").asText("local");
    if (!driver.equals("local")) {
      findings.refuse(
          "volume %s uses the driver %s; a capsule has only the driver local"
              .formatted(name, driver));
      return;
    }
    JsonNode options = volume.path("driver_opts");
    // With the option bind, mount ignores the type, and the device is a path.
    if (NOT_DATA.contains(options.path("type").asText("")) && !isBind(options)) {
      return;
    }
    String device = ComposeModel.text(options.path("device"));
    if (device.isEmpty()) {
      local(name, volume);
    } else {
      String mapped = binds.writable("volume " + name, Path.of(device).normalize());
      ((ObjectNode) options).put("device", ComposeModel.escaped(mapped));
    }
  }

  private static boolean isBind(JsonNode options) {
    return Stream.of(ComposeModel.text(options.path("o")).split(","))
        .map(String::strip)
        .anyMatch(Set.of("bind", "rbind")::contains);
  }

  private void local(String name, ObjectNode volume) {
    String folder = volumePaths.of("volume " + name, VOLUMES + name);
    dirs.add(folder);
    volume.put("driver", "local");
    volume.putObject("driver_opts").put("type", "none").put("o", "bind").put("device", folder);
  }

  /**
   * A name that is the same for a path of a service in every version, so that its data is found.
   */
  private String anonymous(String service, String path) {
    String slug = normal(path).substring(1).replaceAll("[^A-Za-z0-9]+", "-");
    String name =
        "anon-%s-%s-%s".formatted(service, slug, ContentDigest.of(normal(path)).substring(0, 6));
    local(name, model.root().withObjectProperty("volumes").putObject(name));
    return name;
  }

  private static String normal(String path) {
    return Path.of(path).normalize().toString();
  }
}
