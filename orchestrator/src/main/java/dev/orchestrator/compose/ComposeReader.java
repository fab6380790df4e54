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
 * Has Compose read a release's file, in a helper container without a network: Compose's own rules,
 * messages and version, the same that the capsule runs later. Calls block.
 */
public final class ComposeReader {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  /**
   * Where the stack's folder is in the helper; nothing that a compose file names is likely there.
   */
  private static final String FOLDER = "capsule-check";

  /**
   * What reading one takes at most: aliases of aliases grow without an end. A file of a thousand
   * lines takes a fifth of a second.
   */
  private static final int CPU_SECONDS = 20;

  private static final int MEMORY_KIB = 4 << 20;

  /** Compose files, .env and env_file's are all that Compose reads. */
  private static final long FILE_LIMIT = 1 << 20;

  private final Engine engine;
  private final BuildHelpers helpers;
  private final StackSettings stack;

  public ComposeReader(Engine engine, BuildHelpers helpers, StackSettings stack) {
    this.engine = engine;
    this.helpers = helpers;
    this.stack = stack;
  }

  /**
   * The release's model; a {@link RefusedException} with Compose's own words when it rejects the
   * file.
   */
  public ComposeModel read(Release release, String base) {
    checkSize(release);
    Path stackFolder = Path.of("/", FOLDER, stack.name());
    Path project = stackFolder.resolve("releases").resolve(release.version());
    ExecResult result;
    try (BuildHelpers.Helper helper = helpers.idle("compose", base, List.of());
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

  /** One that is left out of the archive would be said not to be there. */
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
      // Killed by a limit, without a word of its own.
      return "it gave up reading it, which takes too long or too much memory";
    }
    String text = String.join("; ", lines);
    // The helper's path says nothing to a user; the file's name is in the message already.
    return text.replace(project + "/", "").strip();
  }

  private static List<String> warnings(ExecResult result) {
    return result.stderr().lines().filter(ComposeReader::warning).toList();
  }

  private static boolean warning(String line) {
    return line.contains("level=warning") || line.startsWith("WARN");
  }
}
