package dev.orchestrator.compose;

import dev.orchestrator.release.Release;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/**
 * Looks in the compose files of a release, as they are written, for what Compose does not say: all
 * keys that only a newer Compose knows (Compose names the first, and ignores some of them), all
 * services without an image, and {@code env_file}s of the host. Files that these include or extend
 * are looked at too. What can't be read as YAML is left to Compose.
 */
final class ComposeFileScan {
  /**
   * A key with the version of Compose that brought it.
   *
   * @param path of the key; {@code *} is any name, {@code []} any item of a list
   * @param since such as {@code 2.30.0}
   * @param ignored whether an older Compose may accept the key and do nothing
   */
  private record Key(List<String> path, String since, boolean ignored) {
    static Key ignored(String path, String since) {
      return new Key(YamlNodes.parts(path), since, true);
    }

    static Key rejected(String path, String since) {
      return new Key(YamlNodes.parts(path), since, false);
    }
  }

  /** From Compose's release notes and the reference of the compose file. */
  private static final List<Key> KEYS =
      List.of(
          Key.ignored("services.*.post_start", "2.30.0"),
          Key.ignored("services.*.pre_stop", "2.30.0"),
          Key.ignored("services.*.gpus", "2.30.0"),
          Key.ignored("services.*.provider", "2.36.0"),
          Key.ignored("services.*.models", "2.38.0"),
          Key.ignored("services.*.networks.*.driver_opts", "2.27.1"),
          Key.ignored("services.*.networks.*.gw_priority", "2.33.1"),
          Key.ignored("services.*.networks.*.interface_name", "2.36.0"),
          Key.ignored("networks.*.enable_ipv4", "2.33.1"),
          Key.ignored("models", "2.38.0"),
          Key.rejected("services.*.label_file", "2.32.2"),
          Key.rejected("services.*.env_file.[].format", "2.30.0"),
          Key.rejected("services.*.build.provenance", "2.39.0"),
          Key.rejected("services.*.build.sbom", "2.39.0"));

  private static final List<String> ENV_FILES =
      List.of("services.*.env_file", "services.*.env_file.[]", "services.*.env_file.[].path");
  private static final List<String> OTHER_FILES =
      List.of("include.[]", "include.[].path", "include.[].path.[]", "services.*.extends.file");
  private static final Pattern NUMBERS = Pattern.compile("(\\d+)\\.(\\d+)(?:\\.(\\d+))?.*");
  private static final String NO_IMAGE = "has neither an image nor a build context";
  private static final Pattern REJECTED =
      Pattern.compile("Additional property (?<key>\\S+) is not allowed");
  private static final int FILES = 100;
  private static final int FILE_LIMIT = 1 << 20;

  private final Release release;
  private final Path stackFolder;
  private final List<Found> found = new ArrayList<>();
  private final Set<String> hostFiles = new TreeSet<>();
  private final Set<String> services = new TreeSet<>();
  private final Set<String> withImage = new TreeSet<>();
  private final Set<Path> seen = new HashSet<>();

  /** A key of a file, such as {@code compose.yaml:7: service web: post_start}. */
  private record Found(String text, Key key) {}

  private ComposeFileScan(Release release, Path stackFolder) {
    this.release = release;
    this.stackFolder = stackFolder;
  }

  /** Reads the compose files of a release. */
  static ComposeFileScan of(Release release, Path stackFolder) {
    ComposeFileScan keys = new ComposeFileScan(release, stackFolder.normalize());
    for (String name : release.composeFiles()) {
      try {
        keys.read(release.folder().resolve(name));
      } catch (InvalidPathException e) {
        // Compose says it.
      }
    }
    return keys;
  }

  /** Whether there is a key whose meaning depends on the version of Compose. */
  boolean any() {
    return !found.isEmpty();
  }

  /** Refuses the {@code env_file}s of the host, which Compose would read of its own container. */
  void refuseHostFiles(ComposeFindings findings) {
    hostFiles.forEach(findings::refuse);
  }

  /**
   * Refuses the keys that a Compose does not know.
   *
   * @param version of Compose
   * @param rejected whether it has rejected the file; otherwise the keys that it knows by name only
   *     are refused
   */
  void refuse(ComposeFindings findings, String version, boolean rejected) {
    for (Found item : found) {
      if ((rejected || item.key().ignored()) && isOlder(version, item.key().since())) {
        findings.refuse(
            "%s needs Compose %s, and capsules have %s: set image.base in orchestrator.conf to an image with a newer Compose, such as docker:28-dind or orchestrator/debian:sid"
                .formatted(item.text(), item.key().since(), version));
      }
    }
  }

  /** The reason why Compose rejects a file, with all services where it names the first. */
  String complete(String reason) {
    Set<String> without = new TreeSet<>(services);
    without.removeAll(withImage);
    return reason.contains(NO_IMAGE) && without.size() > 1
        ? "services %s have neither an image nor a build context"
            .formatted(String.join(", ", without))
        : reason;
  }

  /** Whether a message of Compose's is about one of the keys that were found. */
  boolean explains(String reason) {
    Matcher matcher = REJECTED.matcher(reason);
    return matcher.find()
        && found.stream()
            .anyMatch(item -> item.key().path().getLast().equals(matcher.group("key")));
  }

  static boolean isOlder(String version, String than) {
    Matcher a = NUMBERS.matcher(version.replaceFirst("^v", ""));
    Matcher b = NUMBERS.matcher(than);
    if (!a.matches() || !b.matches()) {
      return false;
    }
    for (int i = 1; i <= 3; i++) {
      int order =
          Integer.compare(
              Integer.parseInt(Optional.ofNullable(a.group(i)).orElse("0")),
              Integer.parseInt(Optional.ofNullable(b.group(i)).orElse("0")));
      if (order != 0) {
        return order < 0;
      }
    }
    return false;
  }

  private void read(Path named) {
    Path file = named.normalize();
    if (!file.startsWith(stackFolder) || seen.size() >= FILES || !seen.add(file)) {
      return;
    }
    List<Node> documents;
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > FILE_LIMIT) {
        return;
      }
      documents = YamlNodes.parse(Files.readString(file, StandardCharsets.UTF_8));
    } catch (IOException | YAMLException e) {
      return;
    }
    String name =
        file.startsWith(release.folder())
            ? release.folder().relativize(file).toString()
            : stackFolder.relativize(file).toString();
    documents.forEach(document -> read(file, name, document));
  }

  private void read(Path file, String name, Node root) {
    for (Key key : KEYS) {
      YamlNodes.visit(
          root,
          key.path(),
          (path, at, _) ->
              found.add(new Found("%s:%d: %s".formatted(name, line(at), shown(path)), key)));
    }
    YamlNodes.visit(root, "services.*", (path, _, _) -> services.add(path.get(1)));
    for (String key : List.of("image", "build", "extends", "provider")) {
      YamlNodes.visit(root, "services.*." + key, (path, _, _) -> withImage.add(path.get(1)));
    }
    for (String path : ENV_FILES) {
      YamlNodes.visit(root, path, (names, at, value) -> envFile(name, names, at, value));
    }
    for (String path : OTHER_FILES) {
      YamlNodes.visit(root, path, (_, _, value) -> other(file, value));
    }
  }

  private void envFile(String file, List<String> path, Node at, Node value) {
    if (value instanceof ScalarNode scalar && scalar.getValue().matches("[/~].*")) {
      hostFiles.add(
          "%s:%d: service %s: env_file: %s is a file of the host, which a version does not have: put it into the release"
              .formatted(file, line(at), path.get(1), scalar.getValue()));
    }
  }

  private void other(Path file, Node value) {
    if (value instanceof ScalarNode scalar && !scalar.getValue().contains("$")) {
      try {
        read(file.resolveSibling(scalar.getValue()));
      } catch (InvalidPathException e) {
        // Compose says it.
      }
    }
  }

  private static int line(Node node) {
    return node.getStartMark().getLine() + 1;
  }

  private static String shown(List<String> path) {
    return path.size() < 3
        ? path.getFirst()
        : "%s %s: %s"
            .formatted(
                path.getFirst().replaceFirst("s$", ""),
                path.get(1),
                String.join(".", path.subList(2, path.size())));
  }
}
