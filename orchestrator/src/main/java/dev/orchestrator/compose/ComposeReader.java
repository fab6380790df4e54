package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.release.Release;
import dev.orchestrator.settings.StackSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Has Compose itself read a release's compose file, in a helper container without a network: so its
 * rules, messages and version are those of the capsule that runs it later. Calls block.
 */
public final class ComposeReader {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  /** Folder in the container for the stack's folder; a compose file will hardly name that path. */
  private static final String FOLDER = "capsule-check";

  /**
   * Limit for reading a file, as YAML aliases of aliases can grow without end. A file of a thousand
   * lines takes a fifth of a second.
   */
  private static final int CPU_SECONDS = 20;

  private static final int MEMORY_KIB = 4 << 20;

  /** Compose reads only compose files, .env and the files of env_file. */
  private static final long FILE_LIMIT = 1 << 20;

  private final Engine engine;
  private final BuildContainers containers;
  private final StackSettings stack;

  public ComposeReader(Engine engine, BuildContainers containers, StackSettings stack) {
    this.engine = engine;
    this.containers = containers;
    this.stack = stack;
  }

  /**
   * Reads a release's compose file; refuses it with Compose's own message when Compose rejects it.
   *
   * @param base image of the container: the capsules' base image
   */
  public ComposeModel read(Release release, String base) {
    checkSize(release);
    Path stackFolder = Path.of("/", FOLDER, stack.name());
    Path project = stackFolder.resolve("releases").resolve(release.version());
    ExecResult result;
    try (BuildContainers.Temporary helper = containers.idle("compose", base, List.of());
        TarArchive archive = new TarArchive()) {
      archive.tree(stack.folder(), FOLDER + "/" + stack.name(), FILE_LIMIT);
      engine.putArchive(helper.name(), "/", archive.open());
      engine.startContainer(helper.name());
      result = engine.exec(helper.name(), command(release, project), DEADLINE);
    }
    if (!result.ok()) {
      throw new RefusedException(
          "version %s of stack %s: Compose rejects %s: %s"
              .formatted(
                  release.version(), stack.name(), release.composeFile(), reason(result, project)));
    }
    return new ComposeModel(
        release, parse(release, result.stdout()), project, stackFolder, warnings(result));
  }

  /** Refuses a file above the limit, which Compose would otherwise report as missing. */
  private void checkSize(Release release) {
    Path file = release.folder().resolve(release.composeFile());
    try {
      if (Files.size(file) > FILE_LIMIT) {
        throw new RefusedException(
            "version %s of stack %s: %s is larger than 1 MiB; is it the right file?"
                .formatted(release.version(), stack.name(), release.composeFile()));
      }
    } catch (IOException e) {
      throw new RefusedException(
          "version %s of stack %s: %s can't be read: %s"
              .formatted(release.version(), stack.name(), release.composeFile(), e.getMessage()),
          e);
    }
  }

  private List<String> command(Release release, Path project) {
    return List.of(
        "sh",
        "-c",
        "ulimit -t %d; ulimit -v %d; exec \"$@\"".formatted(CPU_SECONDS, MEMORY_KIB),
        "sh",
        "docker",
        "compose",
        "--project-name",
        stack.name(),
        "--project-directory",
        project.toString(),
        "--file",
        project.resolve(release.composeFile()).toString(),
        "config",
        "--format",
        "json");
  }

  private static ObjectNode parse(Release release, String json) {
    try {
      JsonNode node = Json.tree(json);
      if (node instanceof ObjectNode object) {
        return object;
      }
    } catch (IllegalArgumentException e) {
      throw unreadable(release, e.getMessage() + "");
    }
    throw unreadable(release, "it is no object");
  }

  private static UncheckedIOException unreadable(Release release, String reason) {
    String text =
        "version %s: Compose's answer can't be read: %s".formatted(release.version(), reason);
    return new UncheckedIOException(text, new IOException(text));
  }

  private static String reason(ExecResult result, Path project) {
    List<String> lines =
        result.stderr().lines().filter(line -> !line.isBlank() && !warning(line)).toList();
    if (lines.isEmpty() || result.stderr().contains("\ngoroutine ")) {
      // A limit ended it without a message of its own.
      return "it gave up reading it, which takes too long or too much memory";
    }
    String text = String.join("; ", lines);
    // The path in the container means nothing to a user; the message has the file's name already.
    return text.replace(project + "/", "").strip();
  }

  private static List<String> warnings(ExecResult result) {
    return result.stderr().lines().filter(ComposeReader::warning).toList();
  }

  private static boolean warning(String line) {
    return line.contains("level=warning") || line.startsWith("WARN");
  }
}
