package dev.orchestrator.capsule.image;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.compose.BuildContainers;
import dev.orchestrator.engine.BuildSpec;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.files.ContentDigest;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.settings.Settings.ImageSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The image that every capsule image starts from: a Docker engine, Compose, and the capsule's
 * scripts. It is built from config/image, under a tag that is derived from its content. Calls
 * block.
 */
final class BaseImage {
  private static final String DEBIAN = "orchestrator/debian:trixie";

  private static final Duration ASK = Duration.ofSeconds(30);

  private static final Pattern ENGINE_VERSION = Pattern.compile("Docker version (\\d{1,6})\\.");

  private static final Pattern COMPOSE_VERSION = Pattern.compile("(?m)^v?(\\d{1,6})\\.(\\d{1,6})");

  private final Map<String, Boolean> startIntervals = new HashMap<>();
  private final Engine engine;
  private final ImageSettings settings;
  private final DebianImages debianImages;

  BaseImage(Engine engine, ImageSettings settings, DebianImages debianImages) {
    this.engine = engine;
    this.settings = settings;
    this.debianImages = debianImages;
  }

  /** Returns its reference; builds it when it doesn't exist. */
  synchronized String ensure(Deadline deadline, Consumer<String> progress) {
    String from = settings.base().isEmpty() ? DEBIAN : settings.base();
    String tag = "orchestrator/base:" + hash(from);
    if (engine.image(tag).isPresent()) {
      return tag;
    }
    try {
      if (!debianImages.ensure(from, deadline, progress) && engine.image(from).isEmpty()) {
        engine.pull(from, deadline.require(), progress);
      }
      progress.accept("building the capsules' base image " + tag);
      engine.build(
          new BuildSpec(
              settings.folder(),
              "Dockerfile",
              null,
              Map.of("BASE", from),
              Labels.role("base"),
              tag),
          deadline.require(),
          progress);
    } catch (EngineException e) {
      throw new CapsuleException(
          "the capsules' base image can't be built from %s: %s".formatted(from, e.getMessage()), e);
    }
    return tag;
  }

  /**
   * Whether the engine and the Compose of a base image know a health check's {@code
   * start_interval}: Docker 25 and Compose 2.21. Ours do; an image of the user's is asked once.
   *
   * @param tag as {@link #ensure} returned it
   */
  synchronized boolean startIntervals(String tag, BuildContainers containers) {
    return settings.base().isEmpty()
        || startIntervals.computeIfAbsent(
            tag,
            image -> {
              List<String> command =
                  List.of("sh", "-c", "dockerd --version; docker compose version --short");
              try (BuildContainers.Temporary helper =
                  containers.create("ask", image, command, List.of(), ContainerSecurity.DEFAULT)) {
                engine.startContainer(helper.name());
                int _ = engine.awaitExit(helper.name(), ASK);
                return knowStartIntervals(String.join("\n", engine.logs(helper.name(), 10)));
              }
            });
  }

  /**
   * Reads both programs' versions; an answer that can't be read is taken for that of new ones.
   *
   * @param versions the output of {@code dockerd --version} and {@code docker compose version
   *     --short}
   */
  static boolean knowStartIntervals(String versions) {
    Matcher engine = ENGINE_VERSION.matcher(versions);
    Matcher compose = COMPOSE_VERSION.matcher(versions);
    boolean oldEngine = engine.find() && Integer.parseInt(engine.group(1)) < 25;
    boolean oldCompose =
        compose.find()
            && Integer.parseInt(compose.group(1)) == 2
            && Integer.parseInt(compose.group(2)) < 21;
    return !oldEngine && !oldCompose;
  }

  /**
   * The digest that the script {@code build} computes too, so that both find each other's image.
   */
  private String hash(String from) {
    Path folder = settings.folder();
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update((from + "\n").getBytes(StandardCharsets.UTF_8));
      add(digest, "Dockerfile", folder.resolve("Dockerfile"));
      for (FileTree.Entry entry : FileTree.of(folder.resolve("lib"))) {
        if (entry.file()) {
          add(digest, "lib/" + entry.name(), entry.path());
        }
      }
      return HexFormat.of().formatHex(digest.digest()).substring(0, ContentDigest.SHORT);
    } catch (IOException e) {
      throw new CapsuleException(
          "can't read %s (image.folder): %s".formatted(folder, e.getMessage()), e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void add(MessageDigest digest, String name, Path file) throws IOException {
    String line = (Files.isExecutable(file) ? "x " : "- ") + name + "\n";
    digest.update(line.getBytes(StandardCharsets.UTF_8));
    digest.update(Files.readAllBytes(file));
  }
}
