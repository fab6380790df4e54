package dev.orchestrator.capsule.image;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.engine.BuildSpec;
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
import java.util.HexFormat;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The image that every capsule image starts from: a Docker engine, Compose, and the capsule's
 * scripts. It is built from config/image, under a tag that is derived from its content. Calls
 * block.
 */
final class BaseImage {
  private static final String DEBIAN = "orchestrator/debian:trixie";

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
