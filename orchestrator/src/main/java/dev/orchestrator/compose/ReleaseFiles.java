package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.compose.CapsuleStack.SeedFile;
import dev.orchestrator.files.ContentDigest;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.release.Release;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.FileSettings;
import dev.orchestrator.settings.FileSettings.Policy;
import dev.orchestrator.settings.VolumeSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The files of a release that services write to, which are seeded into the data volume: what the
 * capsule compares with the data at each start of its services. Immutable.
 *
 * @param version of the release
 * @param roots paths below /data that services mount, in the order of their names
 * @param policies what becomes of files that were changed, by path below /data
 * @param files the roots and everything below them, folders before what they hold
 */
public record ReleaseFiles(
    String version, List<String> roots, Map<String, Policy> policies, List<Entry> files) {
  /** No service writes to a file of the release. */
  public static final ReleaseFiles NONE = new ReleaseFiles("", List.of(), Map.of(), List.of());

  private static final String DATA = "/data/";

  /** The value of a folder. */
  public static final String FOLDER = "folder";

  public ReleaseFiles {
    roots = List.copyOf(roots);
    policies = Map.copyOf(policies);
    files = List.copyOf(files);
  }

  /**
   * A file, a folder or a link.
   *
   * @param to its path in the capsule, below /data
   * @param from its path in the release folder
   * @param value {@code file:SHA256}, {@code link:TARGET} or {@code folder}
   * @param mode octal digits
   * @param owner {@code UID:GID}
   */
  public record Entry(String to, String from, String value, String mode, String owner) {}

  /** The files of a release that a stack seeds, as the release's folder has them now. */
  public static ReleaseFiles of(Release release, CapsuleStack stack, DataSettings data) {
    return of(release, stack.seedFiles(), data);
  }

  static ReleaseFiles of(Release release, List<SeedFile> seeds, DataSettings data) {
    Map<String, Entry> files = new TreeMap<>();
    try {
      for (SeedFile seed : seeds) {
        // Empty for the whole release.
        String from = seed.from().substring(BindMapping.RELEASE.length()).replaceFirst("^/", "");
        Path root = release.folder().resolve(from);
        add(files, new FileTree.Entry("", root), from, seed.to());
        if (!files.getOrDefault(seed.to(), NO_ENTRY).value().equals(FOLDER)) {
          continue;
        }
        for (FileTree.Entry found : FileTree.of(root)) {
          String name = from.isEmpty() ? found.name() : from + "/" + found.name();
          add(files, found, name, seed.to() + "/" + found.name());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "can't read a file of %s: %s".formatted(release.folder(), e.getMessage()), e);
    }
    List<String> roots = seeds.stream().map(SeedFile::to).sorted().toList();
    return new ReleaseFiles(
        release.version(), roots, policies(data), new ArrayList<>(files.values()));
  }

  private static final Entry NO_ENTRY = new Entry("", "", "", "", "");

  private static void add(Map<String, Entry> files, FileTree.Entry found, String from, String to)
      throws IOException {
    if (found.present()) {
      files.put(to, new Entry(to, from, found.value(), found.octalMode(), found.owner()));
    }
  }

  /** A path is in the main volume or in another; the policy is the same. */
  private static Map<String, Policy> policies(DataSettings data) {
    Map<String, Policy> policies = new TreeMap<>();
    for (FileSettings file : data.files()) {
      policies.put(DATA + file.path(), file.policy());
      for (VolumeSettings volume : data.volumes()) {
        policies.put(DATA + "extra/" + volume.name() + "/" + file.path(), file.policy());
      }
    }
    return policies;
  }

  /** What becomes of a changed file: the policy of the nearest path that has one. */
  public Policy policy(String to) {
    for (Path path = Path.of(to); path != null; path = path.getParent()) {
      Policy policy = policies.get(path.toString());
      if (policy != null) {
        return policy;
      }
    }
    return Policy.AUTO;
  }

  /** Whether a path below /data is one of the roots, or inside one. */
  public boolean covers(String to) {
    return roots.stream().anyMatch(root -> Path.of(to).startsWith(root));
  }

  /** The path as the author of the compose file wrote it. */
  public static String shown(String to) {
    return "./" + to.replaceFirst("^/data/(extra/[^/]+/)?binds(/|$)", "");
  }

  /** The volume that a path below /data is in: {@code /data}, or {@code /data/extra/NAME}. */
  public static String volume(String to) {
    Path path = Path.of(to);
    return path.startsWith("/data/extra") && path.getNameCount() > 3
        ? "/" + path.subpath(0, 3)
        : "/data";
  }

  /** Lines about settings that apply to nothing. */
  public List<String> warnings(DataSettings data) {
    return data.files().stream()
        .filter(file ->
            files.stream().noneMatch(entry -> covered(entry.to(), file))
                && !file.path().equals(FileSettings.ALL))
        .map(file ->
            "data.files names %s, which is no file of this release that a service writes to"
                .formatted(VolumeSettings.shown(file.path())))
        .toList();
  }

  private static boolean covered(String to, FileSettings file) {
    return to.endsWith("/" + file.path()) || to.contains("/" + file.path() + "/");
  }

  /** The form in which a capsule image has it: see {@code config/image/lib/release-files.jq}. */
  public String json() {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.set("roots", Json.toTree(roots.stream().map(root -> Map.of("to", root)).toList()));
    List<Map<String, String>> list =
        new TreeMap<>(policies)
            .entrySet().stream()
                .map(policy ->
                    (Map<String, String>)
                        new TreeMap<>(
                            Map.of("to", policy.getKey(), "policy", policy.getValue().word())))
                .toList();
    node.set("policies", Json.toTree(list));
    node.set("files", Json.toTree(files));
    String content = ContentDigest.of(node.toString());
    return node.put("version", version).put("content", content).toPrettyString();
  }
}
