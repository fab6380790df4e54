package dev.orchestrator.capsule.image;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * Keeps which images a version was built with, so that it gets the same images whenever it is built
 * again: in a file for each version below {@code locks} in the state folder, which is replaced as a
 * whole.
 */
final class VersionLock {
  private static final TypeReference<TreeMap<String, Pin>> PINS = new TypeReference<>() {};

  private final Path file;

  /**
   * The lock of a version.
   *
   * @param home the state folder
   */
  VersionLock(Path home, String stack, String version) {
    this.file = home.resolve("locks").resolve(stack).resolve(version + ".json");
  }

  /**
   * The image of a service.
   *
   * @param source where the release gets the image from; with another source the pin no longer
   *     holds
   * @param id {@code sha256:…}
   * @param digest {@code repository@sha256:…}, by which it can be pulled again; empty for an image
   *     that was made here
   */
  record Pin(String source, String id, String digest) {}

  /** The pins by service; empty when the version was never built. */
  Map<String, Pin> read() {
    if (!Files.exists(file)) {
      return Map.of();
    }
    try {
      return Json.read(Files.readString(file), PINS);
    } catch (IOException | IllegalArgumentException e) {
      throw new RefusedException(
          "%s is damaged: %s; remove it, and the next build locks the version anew"
              .formatted(file, String.valueOf(e.getMessage()).lines().findFirst().orElse("")),
          e);
    }
  }

  void write(Map<String, Pin> pins) {
    Map<String, Pin> sorted = new TreeMap<>(pins);
    if (sorted.equals(read())) {
      return;
    }
    try {
      Files.createDirectories(file.getParent());
      Path next = file.resolveSibling(file.getFileName() + ".new");
      Files.writeString(next, Json.indent(Json.write(sorted)));
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new CapsuleException("can't write %s: %s".formatted(file, e.getMessage()), e);
    }
  }
}
