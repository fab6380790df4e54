package dev.orchestrator.capsule.image;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.runtime.RunFlags;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.OutputText;
import dev.orchestrator.compose.BuildContainers;
import dev.orchestrator.compose.InnerImage;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.ImageConfig;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.files.ContentDigest;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.settings.Settings.ImageSettings;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Packs the images of services into seed files, and adds each file to the base image as a layer of
 * its own. An existing layer is found by the layers below it and by its content, and what has not
 * changed comes first, so that a version with one changed image adds only the layer of that image;
 * the whole image is found by the images in it. Calls block.
 */
final class ImagePacker {
  private static final int LAST_LINES = 20;
  private static final String OUT = "/pack/out/";

  /** The list of all files, which changes with any of them. */
  private static final String LIST = "index.json";

  /** On a layer: the file in it, and its digest. */
  private static final String SEED = "dev.orchestrator.seed";

  private static final String DEFAULT_SOCKET = "/var/run/docker.sock";

  private final Engine engine;
  private final ImageSettings settings;
  private final BuildContainers containers;
  private final String stack;

  ImagePacker(Engine engine, ImageSettings settings, BuildContainers containers, String stack) {
    this.engine = engine;
    this.settings = settings;
    this.containers = containers;
    this.stack = stack;
  }

  /** Returns an image of the base with all seed files; makes it when it doesn't exist. */
  String packed(
      String base, Collection<InnerImage> images, Deadline deadline, Consumer<String> progress) {
    String baseId = engine.image(base).orElseThrow().id();
    String in = input(images);
    String key = ContentDigest.of(baseId, in);
    String packed = tag("packed", key);
    if (engine.image(packed).isPresent()) {
      return packed;
    }
    try (BuildContainers.Temporary volume = containers.volume("pack")) {
      Map<String, String> files =
          inOrder(baseId, pack(base, volume.name(), in, deadline, progress));
      String last = base;
      String lastKey = baseId;
      for (Map.Entry<String, String> file : files.entrySet()) {
        lastKey = ContentDigest.of(lastKey, file.getKey(), file.getValue());
        String seed = seed(file.getKey(), file.getValue());
        last = layer(last, lastKey, file.getKey(), seed, volume.name(), deadline, progress);
      }
      engine.tag(last, packed);
      return packed;
    }
  }

  /**
   * The files in the order in which they are added: first those that stand on one another already,
   * in the image of another version; then those that any version has; then what is new. So a
   * version in which one service has changed adds one layer, whatever its name. The list is the
   * last one.
   */
  private Map<String, String> inOrder(String baseId, Map<String, String> files) {
    Map<String, String> ordered = new LinkedHashMap<>();
    Map<String, String> rest = new LinkedHashMap<>(files);
    String key = baseId;
    while (true) {
      String below = key;
      Optional<Map.Entry<String, String>> next =
          rest.entrySet().stream()
              .filter(file -> !file.getKey().equals(LIST))
              .filter(file -> exists(below, file))
              .findFirst();
      if (next.isEmpty()) {
        break;
      }
      String name = next.get().getKey();
      String digest = next.get().getValue();
      ordered.put(name, digest);
      rest.remove(name);
      key = ContentDigest.of(key, name, digest);
    }
    Set<String> known = new HashSet<>();
    engine
        .images(Labels.role("layer"))
        .forEach(image -> known.add(image.labels().getOrDefault(SEED, "")));
    rest.forEach((name, digest) -> {
      if (!name.equals(LIST) && known.contains(seed(name, digest))) {
        ordered.put(name, digest);
      }
    });
    // What is in there already stays where it is.
    rest.forEach(ordered::putIfAbsent);
    return ordered;
  }

  private boolean exists(String below, Map.Entry<String, String> file) {
    String key = ContentDigest.of(below, file.getKey(), file.getValue());
    return exists(tag("layer", key), key);
  }

  private static String seed(String name, String digest) {
    return name + " " + digest;
  }

  private static String input(Collection<InnerImage> images) {
    ObjectNode in = JsonNodeFactory.instance.objectNode();
    ArrayNode list = in.putArray("images");
    images.stream()
        .distinct()
        .sorted(Comparator.comparing(InnerImage::name))
        .forEach(image ->
            list.addObject()
                .put("name", image.name())
                .put("ref", image.reference())
                .put("id", image.id()));
    return in.toString();
  }

  /**
   * Packs the images into the volume; returns the files in the order in which they are to be added,
   * each with its digest.
   */
  private Map<String, String> pack(
      String base, String volume, String in, Deadline deadline, Consumer<String> progress) {
    RunFlags flags = RunFlags.read(settings.folder(), settings.privileged());
    try (BuildContainers.Temporary store = containers.volume("pack");
        BuildContainers.Temporary helper =
            containers.create(
                "pack",
                base,
                List.of("sleep", "infinity"),
                List.of(
                    Mount.of(volume, "/pack"),
                    Mount.of(store.name(), "/var/lib/docker"),
                    Mount.of(socket(), "/outer.sock")),
                flags.security());
        TarArchive archive = new TarArchive()) {
      engine.putArchive(helper.name(), "/pack", archive.text("in.json", in).open());
      engine.startContainer(helper.name());
      progress.accept("packing the inner images");
      run(helper.name(), List.of("capsule-pack"), deadline, progress);
      String order =
          run(helper.name(), List.of("cat", OUT + "order"), deadline, line -> {}).stdout();
      Map<String, String> files = new LinkedHashMap<>();
      List<String> names = new ArrayList<>(order.lines().filter(line -> !line.isBlank()).toList());
      names.add(LIST);
      for (String name : names) {
        ExecResult sum = run(helper.name(), List.of("sha256sum", OUT + name), deadline, line -> {});
        files.put(name, sum.stdout().split(" ", 2)[0]);
      }
      return files;
    }
  }

  private String layer(
      String below,
      String key,
      String file,
      String seed,
      String volume,
      Deadline deadline,
      Consumer<String> progress) {
    String tag = tag("layer", key);
    if (exists(tag, key)) {
      return tag;
    }
    progress.accept("adding the layer " + file);
    try (BuildContainers.Temporary helper =
        containers.create(
            "layer",
            below,
            List.of("/usr/local/lib/capsule/capsule-add", file),
            List.of(Mount.readOnly(volume, "/pack")),
            ContainerSecurity.DEFAULT)) {
      engine.startContainer(helper.name());
      int exit = engine.awaitExit(helper.name(), deadline.require());
      if (exit != 0) {
        throw new CapsuleException(
            "adding %s to the capsule image failed: %s".formatted(file, reason(helper.name())));
      }
      commit(helper.name(), tag, key, seed);
    }
    return tag;
  }

  private String reason(String container) {
    String line = OutputText.tellingLine(String.join("\n", engine.logs(container, LAST_LINES)));
    return line.isEmpty() ? "no output" : line;
  }

  private void commit(String container, String reference, String key, String seed) {
    Map<String, String> labels = Labels.with(Labels.role("layer"), Labels.CONTENT, key);
    labels = Labels.with(labels, SEED, seed);
    engine.commit(
        container,
        reference,
        new ImageConfig(
            ImageBuilder.ENTRYPOINT,
            List.of(),
            List.of(),
            Labels.with(labels, Labels.STACK, stack)));
  }

  private boolean exists(String reference, String key) {
    return engine
        .image(reference)
        .map(ImageInfo::labels)
        .filter(labels -> "layer".equals(labels.get(Labels.ROLE)))
        .filter(labels -> key.equals(labels.get(Labels.CONTENT)))
        .isPresent();
  }

  /** Runs a command that must succeed. */
  private ExecResult run(
      String container, List<String> command, Deadline deadline, Consumer<String> progress) {
    ExecResult result = engine.exec(container, command, deadline.require(), progress);
    if (!result.ok()) {
      throw new CapsuleException(
          "packing the inner images failed in %s: %s"
              .formatted(command.getFirst(), result.errorLine()));
    }
    return result;
  }

  /** The path of the engine's socket on its own host. */
  private String socket() {
    String address = engine.info().address();
    String scheme = "unix://";
    return address.startsWith(scheme) ? address.substring(scheme.length()) : DEFAULT_SOCKET;
  }

  private static String tag(String kind, String key) {
    return "orchestrator/%s:%s".formatted(kind, key.substring(0, 16));
  }
}
