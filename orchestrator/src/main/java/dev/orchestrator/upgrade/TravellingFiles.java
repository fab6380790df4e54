package dev.orchestrator.upgrade;

import dev.orchestrator.common.Json;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.StackSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What of a stack's folder goes along to another host, for the orchestrator there: its settings,
 * the release that serves, and what the journal has of the capsule. It is kept with the data, where
 * copies leave it alone.
 */
public final class TravellingFiles {
  /** In the capsule. */
  public static final String FOLDER = "/data/.orchestrator/stack";

  /** The generation, as the journal has it. */
  public static final String GENERATION = "generation.json";

  private static final String PARENT = "/data/.orchestrator";
  private static final String NAME = "stack";

  private TravellingFiles() {}

  /** Puts them into the data of a capsule whose container is there. */
  static void put(Engine engine, StackSettings stack, Generation generation) {
    Path settings = stack.folder().resolve("stack.conf");
    try (TarArchive tar = new TarArchive()) {
      tar.folder(NAME);
      tar.text(NAME + "/" + GENERATION, Json.write(generation));
      if (Files.isRegularFile(settings)) {
        tar.bytes(NAME + "/stack.conf", Files.readAllBytes(settings));
      }
      Path release = stack.releases().resolve(generation.version());
      if (Files.isDirectory(release)) {
        tar.folder(NAME + "/releases");
        tar.tree(release, NAME + "/releases/" + generation.version(), Long.MAX_VALUE);
      }
      try (InputStream in = tar.open()) {
        engine.putArchive(generation.container(), PARENT, in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("reading the stack's files: " + e.getMessage(), e);
    }
  }
}
