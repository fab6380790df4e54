package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.compose.CapsuleStack.SeedFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Turns bind mounts of a release into paths inside the capsule. A file of the release that no
 * service writes to stays with the version; a path that a service writes to is below /data, where
 * it begins as a copy of the release's.
 */
final class BindMapping {
  /** Of the release's files below /data. */
  static final String ROOT = "binds";

  static final String BINDS = ROOT + "/";
  static final String RELEASE = "/capsule/stack/release";

  /** Variables that a capsule or the shell in it has for itself. */
  private static final Pattern OWN_VARIABLE =
      Pattern.compile("PATH|HOME|HOSTNAME|PWD|IFS|DOCKER_.*|CAPSULE_.*|BASH.*|LD_.*");

  private final ComposeFindings findings;
  private final ComposeModel model;
  private final VolumePaths paths;
  private final HostPathMapping hostPaths;
  private final ReleaseLinks links;
  private final Set<Path> written = new TreeSet<>();
  private final Set<String> dirs = new TreeSet<>();
  private final Map<String, String> seeds = new TreeMap<>();
  private final Set<String> variables = new TreeSet<>();

  BindMapping(
      ComposeFindings findings, ComposeModel model, VolumePaths paths, HostPathMapping hostPaths) {
    this.hostPaths = hostPaths;
    this.findings = findings;
    this.model = model;
    this.paths = paths;
    this.links = new ReleaseLinks(model);
    for (ObjectNode service : model.services().values()) {
      for (JsonNode mount : service.path("volumes")) {
        Path source = links.of(Path.of(ComposeModel.text(mount.path("source"))));
        if (bind(mount) && !readOnly(mount) && source.startsWith(model.projectFolder())) {
          written.add(model.projectFolder().relativize(source));
        }
      }
    }
    for (ObjectNode volume : model.children("volumes").values()) {
      Path device = links.of(Path.of(ComposeModel.text(volume.at("/driver_opts/device"))));
      if (device.startsWith(model.projectFolder())) {
        written.add(model.projectFolder().relativize(device));
      }
    }
  }

  /** Changes the source of a mount of type bind. */
  void mount(String service, ObjectNode mount) {
    Path written = Path.of(ComposeModel.text(mount.path("source")));
    Path source = follow("service " + service, written);
    String user = user("service " + service, written, source);
    if (hostPaths.mount(user, mount, source)) {
      return;
    }
    checkPropagation(user, mount);
    if (readOnly(mount) && !isWritten(source) && exists(source)) {
      put(mount, "source", RELEASE + suffix(source));
    } else {
      put(mount, "source", writable(user, source, readOnly(mount)));
    }
  }

  /**
   * Adds to the mounts of the whole release, which is the version's own, what services write in it:
   * a reader sees that as it is, as in plain Compose.
   *
   * @param covered places in the container that have mounts
   */
  void showWritten(String service, ObjectNode definition, Set<String> covered) {
    List<Path> targets = new ArrayList<>();
    for (JsonNode mount : definition.path("volumes")) {
      if (bind(mount) && mount.path("source").asText("").equals(RELEASE)) {
        targets.add(Path.of(ComposeModel.text(mount.path("target"))).normalize());
      }
    }
    for (Path target : targets) {
      for (Path path : written) {
        Path at = target.resolve(path);
        boolean inAnother =
            written.stream().anyMatch(other -> path.startsWith(other) && !path.equals(other));
        boolean hidden =
            covered.stream()
                .map(Path::of)
                .anyMatch(
                    other -> at.startsWith(other) && other.getNameCount() > target.getNameCount());
        if (!inAnother && !hidden) {
          definition
              .withArrayProperty("volumes")
              .addObject()
              .put("type", "bind")
              .put("source", ComposeModel.escaped(paths.of("service " + service, BINDS + path)))
              .put("target", ComposeModel.escaped(at.toString()))
              .put("read_only", true);
        }
      }
    }
  }

  /** Folders of the data are mounts of the capsule, which its engine doesn't share. */
  private void checkPropagation(String user, ObjectNode mount) {
    String propagation = mount.at("/bind/propagation").asText("");
    if (propagation.endsWith("shared")) {
      findings.refuse(
          user,
          "bind.propagation",
          "%s is possible for paths of the host alone (data.host-paths): remove it"
              .formatted(propagation));
    }
  }

  /** The path below /data that takes the place of a source that a service writes to. */
  String writable(String volume, Path written) {
    Path source = follow(volume, written);
    String user = user(volume, written, source);
    return hostPaths
        .granted(user, source, false, false)
        .orElseGet(() -> writable(user, source, false));
  }

  /** Where a path leads; refused where it is a link without an end. */
  private Path follow(String user, Path written) {
    Path source = links.of(written);
    if (links.isEndless(source)) {
      findings.refuse(
          "%s uses .%s, a symbolic link that leads to itself: let it lead to a file or folder"
              .formatted(user, suffix(source)));
    }
    return source;
  }

  /** Names the link, as nobody has written the path to which it leads. */
  private String user(String user, Path written, Path source) {
    return written.normalize().equals(source)
        ? user
        : "%s (link .%s)".formatted(user, suffix(written.normalize()));
  }

  private String writable(String user, Path source, boolean readOnly) {
    if (!source.startsWith(model.projectFolder())) {
      refuseOutside(user, source, readOnly);
      return source.toString();
    }
    String suffix = suffix(source);
    String to = paths.of(user, ROOT + suffix);
    if (exists(source)) {
      seeds.put(RELEASE + suffix, to);
    } else {
      dirs.add(to);
    }
    return to;
  }

  /** Changes the seccomp profiles of a service, which are files of the release. */
  void profiles(String user, ObjectNode service) {
    if (!(service.path("security_opt") instanceof ArrayNode options)) {
      return;
    }
    for (int i = 0; i < options.size(); i++) {
      String option = ComposeModel.text(options.get(i));
      if (option.matches("seccomp[:=](?!unconfined$|builtin$).+")) {
        String name = option.substring("seccomp:".length());
        Path source = follow(user, model.projectFolder().resolve(name));
        if (exists(source)) {
          options.set(i, ComposeModel.escaped("seccomp:" + RELEASE + suffix(source)));
        } else {
          findings.refuse(
              user,
              "security_opt",
              "the seccomp profile %s is not a file of the release: put it there".formatted(name));
        }
      }
    }
  }

  /** Changes the files of {@code configs} or {@code secrets}, which are part of the release. */
  void files(String key) {
    model.children(key).forEach((name, item) -> file(key.replaceFirst("s$", ""), name, item));
  }

  /**
   * Folders to create before the services. A folder inside of one that is copied from the release
   * is left out: if it existed, the copy would not be made.
   */
  Set<String> dirs() {
    Set<String> kept = new TreeSet<>(dirs);
    kept.removeIf(
        dir -> seeds.values().stream().anyMatch(seed -> Path.of(dir).startsWith(Path.of(seed))));
    return kept;
  }

  List<SeedFile> seedFiles() {
    return seeds.entrySet().stream()
        .map(entry -> new SeedFile(entry.getKey(), entry.getValue()))
        .sorted(Comparator.comparing(SeedFile::to))
        .toList();
  }

  /** The variables whose values are secrets or configs. */
  List<String> variables() {
    return List.copyOf(variables);
  }

  private void file(String kind, String name, ObjectNode item) {
    String owner = kind + " " + name;
    if (item.path("external").asBoolean()) {
      findings.refuse(
          "%s is external, and a capsule has none: name a file of the release ('file:') or a variable ('environment:')"
              .formatted(owner));
      return;
    }
    if (item.has("environment")) {
      fromVariable(owner, item);
      return;
    }
    if (!item.has("file")) {
      return;
    }
    Path written = Path.of(ComposeModel.text(item.path("file")));
    Path source = follow(owner, written);
    String user = user(owner, written, source);
    Optional<String> granted = hostPaths.granted(user, source, true, false);
    if (granted.isPresent()) {
      put(item, "file", granted.get());
    } else if (!source.startsWith(model.projectFolder())) {
      refuseOutside(user, source, true);
    } else if (!exists(source)) {
      findings.refuse(
          "the file of %s isn't there: %s"
              .formatted(user, model.release().folder() + suffix(source)));
    } else {
      put(item, "file", RELEASE + suffix(source));
    }
  }

  /** The value comes from a variable of the capsule: it is in no image and in no model. */
  private void fromVariable(String user, ObjectNode item) {
    String variable = ComposeModel.text(item.path("environment"));
    if (OWN_VARIABLE.matcher(variable).matches()) {
      findings.refuse(
          user,
          "environment",
          "%s is a capsule's own: give the variable another name".formatted(variable));
    }
    item.remove("content");
    variables.add(variable);
  }

  private void refuseOutside(String user, Path source, boolean readOnly) {
    Optional<Path> inStack =
        source.startsWith(model.stackFolder())
            ? Optional.of(model.stackFolder().relativize(source))
            : links.inStack(source);
    inStack.ifPresentOrElse(
        path ->
            findings.refuse(
                "%s uses %s, outside its release folder: move it into %s"
                    .formatted(user, path, model.release().folder())),
        () -> hostPaths.refuse(user, source, readOnly));
  }

  /** Whether a service writes to the path, to a part of it, or to a folder that it is in. */
  private boolean isWritten(Path source) {
    if (!source.startsWith(model.projectFolder())) {
      return false;
    }
    Path path = model.projectFolder().relativize(source);
    // Who writes to the whole folder writes to each part of it.
    return written.contains(Path.of(""))
        || written.stream().anyMatch(other -> path.startsWith(other) || other.startsWith(path));
  }

  private boolean exists(Path source) {
    return source.startsWith(model.projectFolder())
        && Files.exists(
            model.release().folder().resolve(model.projectFolder().relativize(source)),
            LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * The path relative to the release folder, with a slash before it; empty for the folder itself.
   */
  private String suffix(Path source) {
    String relative = model.projectFolder().relativize(source).toString();
    return relative.isEmpty() ? "" : "/" + relative;
  }

  private static void put(ObjectNode node, String key, String text) {
    node.put(key, ComposeModel.escaped(text));
  }

  private static boolean bind(JsonNode mount) {
    return mount.path("type").asText("").equals("bind");
  }

  private static boolean readOnly(JsonNode mount) {
    return mount.path("read_only").asBoolean();
  }
}
