package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.adopt.AdoptPlan.Cannot;
import dev.orchestrator.adopt.DataSurvey.Measured;
import dev.orchestrator.adopt.Placement.Kind;
import dev.orchestrator.adopt.ProjectFiles.Reference;
import dev.orchestrator.compose.ComposeModel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.yaml.snakeyaml.nodes.ScalarNode;

/**
 * The files of release 1: the project's own, with the few texts changed that mean something else
 * there. What lies outside of the project's folder goes below {@value #OUTSIDE}.
 */
final class StackFiles {
  static final String RELEASE = "releases/1";

  /** Of the release, for what is not in the project's folder. */
  static final String OUTSIDE = "outside";

  /** A folder of at most so much is a part of the release too, though services write to it. */
  private static final long SMALL_BYTES = 1 << 20;

  private static final long SMALL_FILES = 100;

  private final ReadProject read;
  private final Path folder;
  private final Map<Path, Placement> placements;
  private final DataSurvey.Found survey;
  private final ComposeEdits edits = new ComposeEdits();
  private final Map<SourceFile, String> mainNames = new HashMap<>();
  private final List<Cannot> cannot = new ArrayList<>();
  private final Map<String, Path> copies = new TreeMap<>();
  private final Set<Path> left = new TreeSet<>();
  private final Map<String, String> adopted = new TreeMap<>();

  /**
   * Plans the files.
   *
   * @param folder the project's
   */
  StackFiles(
      ReadProject read, Path folder, Map<Path, Placement> placements, DataSurvey.Found survey) {
    this.read = read;
    this.folder = folder;
    this.placements = placements;
    this.survey = survey;
    Set<String> taken = new HashSet<>();
    for (SourceFile file : read.files().compose()) {
      if (file.main()) {
        String name = String.valueOf(file.path().getFileName());
        for (int i = 2; !taken.add(name); i++) {
          name = i + "-" + file.path().getFileName();
        }
        mainNames.put(file, name);
      }
    }
  }

  List<Cannot> cannot() {
    return cannot;
  }

  /** The compose files as {@code compose-files} of stack.conf names them, in order. */
  List<String> composeFiles() {
    return read.files().compose().stream()
        .filter(SourceFile::main)
        .map(file -> mainNames.getOrDefault(file, ""))
        .toList();
  }

  /** The env files in place of {@code .env}, as the release has them. */
  List<String> envFiles() {
    return read.project().envFiles().stream()
        .filter(file -> !file.equals(folder.resolve(".env")))
        .map(this::target)
        .toList();
  }

  /** Lets the images of services be others. */
  void pin(Map<String, String> pinned) {
    Map<String, String> byImage = new TreeMap<>();
    Set<String> ambiguous = new TreeSet<>();
    pinned.forEach((service, image) -> {
      String old = ComposeModel.text(read.root().path("services").path(service).path("image"));
      String other = byImage.put(old, image);
      if (other != null && !other.equals(image)) {
        ambiguous.add(old);
      }
    });
    Set<String> done = new TreeSet<>();
    for (SourceFile file : read.files().compose()) {
      file.texts(
          List.of("services.*.image"),
          (_, node) -> {
            String image = Template.of(node.getValue()).resolve(read.files().variables());
            String pin = byImage.get(image);
            if (pin != null
                && !pin.equals(image)
                && !ambiguous.contains(image)
                && edits.replace(file, node, pin)) {
              done.add(image);
            }
          });
    }
    byImage.forEach((image, pin) -> {
      if (!pin.equals(image) && !done.contains(image)) {
        cannot.add(
            new Cannot(
                "the image %s can't be pinned in the files%s"
                    .formatted(
                        image,
                        ambiguous.contains(image)
                            ? ", as its services run different ones of that name"
                            : ""),
                "release 1 is locked to what its first build finds; write %s into its compose file to pin it"
                    .formatted(pin)));
      }
    });
  }

  /** Makes external volumes and networks the stack's own. */
  void ownExternals() {
    for (SourceFile file : read.files().compose()) {
      for (String section : List.of("volumes", "networks")) {
        file.texts(
            List.of(section + ".*.external"),
            (names, node) -> {
              if (node.getValue().matches("(?i)true|yes|on") && used(section, names.get(1))) {
                require(edits.replace(file, node, "false"), file, node);
              }
            });
        file.texts(
            List.of(section + ".*.external.name"),
            (names, node) ->
                cannot.add(
                    new Cannot(
                        "%s %s is external in the old form (external: { name: … })"
                            .formatted(section.replaceFirst("s$", ""), names.get(1)),
                        "write 'name: %s' in place of 'external' into the project's file, and adopt it again"
                            .formatted(node.getValue()))));
      }
    }
  }

  private boolean used(String section, String name) {
    return read.root().path(section).has(name);
  }

  /** Changes the paths of the host that are another thing in the release. */
  void paths() {
    for (SourceFile file : read.files().compose()) {
      file.texts(List.of("services.*.volumes.[]"), (_, node) -> shortMount(file, node));
      file.texts(
          List.of("services.*.volumes.[].source", "configs.*.file", "secrets.*.file"),
          (_, node) -> path(file, node, node.getValue(), ""));
      file.texts(List.of("volumes.*.driver_opts.device"), (_, node) -> device(file, node));
      file.texts(
          List.of("services.*.build", "services.*.build.context"),
          (_, node) -> {
            Path context = read.files().path(file, node.getValue()).orElse(Path.of("/"));
            if (contexts().contains(context)) {
              String text = relative(file, target(context));
              if (!same(file, node.getValue(), context, text)) {
                require(edits.replace(file, node, text), file, node);
              }
            }
          });
    }
    for (Reference reference : read.files().references()) {
      String text = relative(reference.file(), target(reference.path()));
      if (!same(reference.file(), reference.text().getValue(), reference.path(), text)) {
        require(
            edits.replace(reference.file(), reference.text(), text),
            reference.file(),
            reference.text());
      }
    }
  }

  private void shortMount(SourceFile file, ScalarNode node) {
    int colon = colon(node.getValue());
    if (colon > 0) {
      path(file, node, node.getValue().substring(0, colon), node.getValue().substring(colon));
    } else if (node.getValue().contains("$")) {
      String resolved = Template.of(node.getValue()).resolve(read.files().variables());
      int inner = resolved.indexOf(':');
      if (inner > 0) {
        path(file, node, resolved.substring(0, inner), resolved.substring(inner));
      }
    }
  }

  /** The first colon outside of a variable; -1 for none. */
  static int colon(String text) {
    int depth = 0;
    for (int i = 0; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '{' -> depth++;
        case '}' -> depth--;
        case ':' -> {
          if (depth == 0) {
            return i;
          }
        }
        default -> {}
      }
    }
    return -1;
  }

  /** Compose takes a device as it is written, so that it stays absolute, and means the copy. */
  private void device(SourceFile file, ScalarNode node) {
    Path path = read.files().path(file, node.getValue()).orElse(null);
    Placement placement = path == null ? null : placements.get(path);
    if (path != null
        && placement != null
        && (placement.kind() == Kind.DATA || placement.kind() == Kind.RELEASE)) {
      adopt(path.toString(), path);
    }
  }

  private void adopt(String name, Path path) {
    adopted.put(name, target(path).isEmpty() ? "." : "./" + target(path));
  }

  private void path(SourceFile file, ScalarNode node, String source, String rest) {
    String resolved = Template.of(source).resolve(read.files().variables());
    if (!resolved.matches("(?s)[./~].*") && rest.isEmpty() && !resolved.contains("/")) {
      // Of "file:" a bare name is a path too; of "source:" it is a volume.
      if (read.root().path("volumes").has(resolved)) {
        return;
      }
    } else if (!resolved.matches("(?s)[./~].*") && !rest.isEmpty()) {
      return;
    }
    Path path = read.files().path(file, source).orElse(null);
    Placement placement = path == null ? null : placements.get(path);
    if (path == null || placement == null) {
      return;
    }
    String text =
        switch (placement.kind()) {
          case DATA, RELEASE -> relative(file, target(path));
          case HOST_READ, HOST_WRITE, LEFT -> path.toString();
        };
    boolean fine =
        (placement.kind() == Kind.DATA || placement.kind() == Kind.RELEASE)
            ? same(file, source, path, text)
            : resolved.equals(text);
    if (!fine) {
      require(edits.replace(file, node, text.replace("$", "$$") + rest), file, node);
      if (text.startsWith(".")) {
        boolean absolute = resolved.startsWith("/") || resolved.startsWith("~");
        adopt(absolute ? path.toString() : folder.relativize(path).toString(), path);
      }
    }
  }

  /**
   * What the project's own files call paths that have another place in the release, from there to
   * here: a next release may still call them so.
   */
  Map<String, String> adoptedPaths() {
    return adopted;
  }

  private void require(boolean done, SourceFile file, ScalarNode node) {
    if (!done) {
      cannot.add(
          new Cannot(
              "%s:%d: '%s' must be another text in the release, and is written over several lines"
                  .formatted(
                      file.path(), node.getStartMark().getLine() + 1, node.getValue().strip()),
              "write it on one line, and adopt the project again"));
    }
  }

  /** Whether a text of a file names the same in the release as a new text would. */
  private boolean same(SourceFile file, String old, Path path, String text) {
    String resolved = Template.of(old).resolve(read.files().variables());
    return !resolved.startsWith("/")
        && !resolved.startsWith("~")
        && Path.of(resolved).normalize().equals(Path.of(text).normalize())
        && file.base().resolve(resolved).normalize().equals(path);
  }

  /** A path of the release as a file of it names it. */
  private String relative(SourceFile file, String target) {
    String base = file.main() ? "" : baseTarget(file);
    String text = Path.of("/", base).relativize(Path.of("/", target)).toString();
    return text.isEmpty() ? "." : text.startsWith("..") ? text : "./" + text;
  }

  private String baseTarget(SourceFile file) {
    Path parent = Path.of("/", place(file)).getParent();
    return parent == null ? "" : parent.toString();
  }

  /** Where a compose file is in the release. */
  private String place(SourceFile file) {
    return file.main() ? mainNames.getOrDefault(file, "") : target(file.path());
  }

  /** Where a path of the host is in the release; empty for the whole release. */
  String target(Path path) {
    return path.startsWith(folder) ? folder.relativize(path).toString() : OUTSIDE + path;
  }

  private Set<Path> contexts() {
    Set<Path> contexts = new TreeSet<>();
    for (JsonNode service : read.services().values()) {
      String context = ComposeModel.text(service.at("/build/context"));
      if (context.startsWith("/")) {
        contexts.add(Path.of(context).normalize());
      }
    }
    return contexts;
  }

  /**
   * All files of the release.
   *
   * @param started whether the data is copied later; otherwise the release has what there is of it
   * @param withoutPath a folder that is never copied
   */
  StackDraft draft(
      boolean started, Path withoutPath, Map<String, String> texts, Set<String> secret) {
    placements.forEach((path, placement) -> {
      boolean there = Files.exists(path);
      switch (placement.kind()) {
        case RELEASE -> copy(there, path);
        case DATA -> {
          if (there && (!started || isSmall(path))) {
            copy(true, path);
          } else {
            left.add(path);
          }
        }
        default -> left.add(path);
      }
    });
    contexts().forEach(context -> copy(Files.isDirectory(context), context));
    profiles();
    left.add(withoutPath);
    if (copies.containsValue(folder)) {
      left.add(folder.resolve(".git"));
    }
    Map<String, String> all = new TreeMap<>(texts);
    Set<Path> compose = new HashSet<>();
    for (SourceFile file : read.files().compose()) {
      compose.add(file.path());
      all.put(RELEASE + "/" + place(file), edits.apply(file));
    }
    read.files()
        .contents()
        .forEach((path, bytes) -> {
          if (!compose.contains(path)) {
            String target = RELEASE + "/" + target(path);
            if (Files.isRegularFile(path)) {
              copies.put(target, path);
            } else {
              all.put(target, new String(bytes, StandardCharsets.UTF_8));
            }
          }
        });
    return new StackDraft(all, secret, copies, left);
  }

  private void copy(boolean there, Path path) {
    if (there) {
      String target = target(path);
      copies.put(target.isEmpty() ? RELEASE : RELEASE + "/" + target, path);
    }
  }

  /** Files of {@code security_opt}, which Compose itself does not look at. */
  private void profiles() {
    for (JsonNode service : read.services().values()) {
      for (JsonNode option : service.path("security_opt")) {
        String text = ComposeModel.text(option);
        if (text.matches("seccomp[:=](?!unconfined$|builtin$)[^{].*")) {
          Path file = read.folder().resolve(text.substring("seccomp:".length())).normalize();
          copy(Files.isRegularFile(file) && file.startsWith(folder), file);
        }
      }
    }
  }

  /** Whether it is a file, or a small folder such as of settings, that an author may change. */
  private boolean isSmall(Path path) {
    Measured measured = survey.at(path.toString());
    return measured.bytes() <= SMALL_BYTES
        && measured.files() <= SMALL_FILES
        && measured.files() > 0
        && measured.databases().isEmpty();
  }
}
